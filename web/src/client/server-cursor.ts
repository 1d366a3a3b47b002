import { AccessTokenUnavailableError } from "./access-token";
import { backoffDelay, respectRetryAfter } from "./backoff";
import type { Cursor, CursorOwner, CursorStore } from "./cursor-store";
import { pause } from "./handlers";
import { comparePositions, formatPosition, parsePosition, type Position } from "./position";
import { isHistoryGone, RestError, type RestApi } from "./rest-api";

const shortestIntervalMs = 1_000;

/** Tells the client to keep its cursor on the server. Made by {@link serverCursor}, which checks the name. */
export interface ServerCursor {
  /** Name of the cursor among those of the user. */
  readonly consumer: string;
}

/**
 * A cursor kept by the server, for a page that has no storage of its own or may lose it. Each device or page of a user takes
 * a name of its own: two that share one go on where the farther of them was.
 *
 * It is written in the background, at most once a second, and when the client stops, which waits at most 2 s for it; a page that is
 * closed repeats the events of the last second. A server that does not answer is asked again: at the start until it does, later with
 * ever longer pauses, while events go on. When a client starts and its cursor is of a lost epoch, it goes on from the oldest event by
 * default, because the server keeps no time with a cursor.
 *
 * @param consumer 1 to 64 of letters, digits and `_ . -`, but not `.` or `..`
 * @throws TypeError when the name is malformed
 */
export function serverCursor(consumer: string): ServerCursor {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(consumer) || consumer === "." || consumer === "..") {
    throw new TypeError(`"${consumer}" is not the name of a consumer: 1 to 64 of letters, digits and _ . -`);
  }
  return { consumer };
}

export function isServerCursor(store: CursorStore | ServerCursor): store is ServerCursor {
  return !("load" in store);
}

/**
 * One client's cursor on the server. It is loaded and placed while the caller waits; moves are written in the background,
 * the newest only, so a slow or absent server holds up no event. Its price is repetition, never a loss.
 */
export class ServerKeptCursor implements CursorStore {
  readonly #api: RestApi;
  readonly #consumer: string;
  readonly #random: () => number;
  readonly #onProblem: (problem: unknown) => void;
  readonly #closing = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #owner: CursorOwner | undefined;
  #loaded: Cursor | undefined;
  #newest: Cursor | undefined;
  #writtenAt = 0;
  #isWriting = false;

  constructor(api: RestApi, consumer: string, random: () => number, onProblem: (problem: unknown) => void) {
    this.#api = api;
    this.#consumer = consumer;
    this.#random = random;
    this.#onProblem = onProblem;
  }

  /** Asks until the server answers: "no cursor" must be its word, not our guess. */
  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        this.#loaded = await this.#read(owner);
        return this.#loaded;
      } catch (error) {
        if (this.#closing.signal.aborted || isHopeless(error)) throw error;
        this.#onProblem(error);
        await pause(respectRetryAfter(backoffDelay(failures, this.#random()), error, this.#random()), this.#closing.signal);
        if (this.#closing.signal.aborted) throw error;
      }
    }
  }

  /** Places the cursor, backwards too, in the stead of whatever was to be written. */
  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    if (cursor === this.#loaded) return; // it stands there already, or farther by another's hand
    this.#newest = undefined;
    await this.#inTurn(async () => {
      const stored = await this.#move(owner, cursor);
      const wanted = parsePosition(cursor.position);
      if (stored === undefined || wanted === undefined || !((comparePositions(stored, wanted) ?? 0) > 0)) return;
      // The server moves a cursor forward only; going back is to give it up and begin another.
      await this.#api.deleteCursor(this.#consumer, owner.userId);
      await this.#move(owner, cursor);
    });
  }

  /** The cursor has moved: it is written soon. */
  saveSoon(owner: CursorOwner, cursor: Cursor): void {
    this.#owner = owner;
    this.#newest = cursor;
    if (!this.#isWriting) void this.#writeWhileItMoves();
  }

  /** Writes what is not written yet, once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writeNewest();
  }

  async #writeWhileItMoves(): Promise<void> {
    this.#isWriting = true;
    let lastError: unknown;
    for (let failures = 0; this.#newest !== undefined; ) {
      const sinceLast = Math.max(Date.now() - this.#writtenAt, 0);
      await pause(failures > 0 ? respectRetryAfter(backoffDelay(failures - 1, this.#random()), lastError, this.#random()) : Math.max(shortestIntervalMs - sinceLast, 0), this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#writeNewest();
        failures = 0;
      } catch (error) {
        failures++;
        lastError = error;
        this.#onProblem(error);
      }
    }
    this.#isWriting = false;
  }

  #writeNewest(): Promise<void> {
    return this.#inTurn(async () => {
      const cursor = this.#newest;
      if (cursor === undefined || this.#owner === undefined) return;
      await this.#move(this.#owner, cursor);
      this.#writtenAt = Date.now();
      if (this.#newest === cursor) this.#newest = undefined;
    });
  }

  /** One request about the cursor at a time, so that none overtakes another. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // its owner deals with the failure
    return mine;
  }

  async #read(owner: CursorOwner): Promise<Cursor | undefined> {
    const at = await this.#api.cursor(this.#consumer, owner.userId);
    if (at === undefined) return undefined;
    const position = formatPosition(at);
    if (at.sequence === 0) return { position };
    // The server keeps a position only; id and time of the event there let a rewritten history be noticed later.
    const answer = await this.#api.events({ after: formatPosition({ epoch: at.epoch, sequence: at.sequence - 1 }) }, 1);
    const here = isHistoryGone(answer) ? undefined : answer.events[0]?.event;
    return here?.position === position ? { position, id: here.id, time: here.time } : { position };
  }

  /** Where the cursor stands afterwards; undefined when its history is lost, which the stream itself will report. */
  async #move(owner: CursorOwner, cursor: Cursor): Promise<Position | undefined> {
    const answer = await this.#api.moveCursor(this.#consumer, owner.userId, cursor.position);
    if (answer !== undefined) return answer;
    this.#onProblem(new Error(`The server does not keep the cursor ${cursor.position}, which is not of its history.`));
    return undefined;
  }
}

function isHopeless(error: unknown): boolean {
  return error instanceof AccessTokenUnavailableError || (error instanceof RestError && error.isWrongUser);
}
