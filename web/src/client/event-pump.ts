import { backoffDelay, respectRetryAfter } from "./backoff";
import type { ClientMetrics } from "./client-metrics";
import type { Cursor } from "./cursor-store";
import type { PlacedEvent } from "./events";
import { formatPosition, parsePosition, type Position } from "./position";
import { fetchMissed, resolveStart, type HistoryLost, type StartFrom } from "./recovery";
import { isHistoryGone, RestError, type EventsPage, type HistoryGone, type RestApi } from "./rest-api";
import type { Place } from "./sequence-gate";
import { Signal } from "./signal";
import { stopReasonFor } from "./stop-reason";
import { sift, StreamMerge } from "./stream-merge";

export interface EventPumpOptions {
  readonly api: RestApi;
  readonly random: () => number;
  readonly bufferCapacity: number;
  /** Hands one event to the application. The cursor moves when it returns. */
  readonly deliver: (event: PlacedEvent, signal: AbortSignal) => Promise<void>;
  readonly saveCursor: (cursor: Cursor) => Promise<void>;
  /** Puts the cursor somewhere else, after a loss of history. */
  readonly placeCursor: (cursor: Cursor) => Promise<void>;
  readonly continueAfter: (lost: HistoryLost, last: Cursor) => StartFrom;
  readonly onHistoryLost: (lost: HistoryLost) => void;
  /** A page is about to be fetched. */
  readonly onBehind: () => void;
  /** Nothing known is missing any more. `missed` events came between the loss of the connection and now. */
  readonly onCaughtUp: (missed: number) => void;
  readonly onProblem: (problem: unknown) => void;
}

/**
 * The one loop that owns the cursor. Everything it hears (pushes, heads, doubts) only leaves a note and wakes it,
 * so handlers never overlap and events of an old connection cannot overtake those of a new one.
 * Runs until its signal aborts; fails with what makes going on pointless (wrong user, no token, a handler that failed for good).
 */
export class EventPump {
  readonly #options: EventPumpOptions;
  readonly #merge: StreamMerge;
  readonly #wake = new Signal();
  #cursor: Cursor;
  #at: Position;
  /** Something was heard that only a fetch can explain; what is pushed goes on meanwhile. */
  #isCurious = false;
  /** A connection has just been made: what is missing is fetched at once. */
  #isUrgent = false;
  #isRecovering = false;
  /** The application has been told that something is missing, and not yet that it is there. */
  #isBehindReported = false;
  #failures = 0;
  /** Events handed over since the connection was lost; undefined while nothing was lost. */
  #missed: number | undefined = 0;
  /** Head at the time of the new connection: what is at or below it was missed. */
  #barrier: number | undefined;
  #delivered = 0;
  #gapsHealed = 0;
  #duplicates = 0;
  /** Being behind at the start is no gap. */
  #hasCaughtUp = false;

  constructor(options: EventPumpOptions, cursor: Cursor, at: Position) {
    this.#options = options;
    this.#merge = new StreamMerge(options.bufferCapacity);
    this.#cursor = cursor;
    this.#at = at;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  get metrics(): ClientMetrics {
    return { delivered: this.#delivered, gapsHealed: this.#gapsHealed, duplicatesDropped: this.#duplicates + this.#merge.overtaken };
  }

  get isCaughtUp(): boolean {
    return !this.#merge.isBehind(this.#place) && !this.#merge.isInDoubt && !this.#isCurious;
  }

  get #place(): Place {
    const { time, since } = this.#cursor;
    return { at: this.#at, ...(time !== undefined && { time }), ...(since !== undefined && { since }) };
  }

  /** A pushed event. May be early, late, repeated or of another history. */
  offer(placed: PlacedEvent): void {
    const verdict = this.#merge.push(this.#place, placed);
    if (verdict === "foreign" || verdict === "stale") this.#isCurious = true;
    if (verdict === "drop") this.#duplicates++;
    else this.#wake.set();
  }

  /** A head as the server read it from the store. One that ends before our last event is old, or history was cut. */
  heard(head: Position): void {
    const verdict = this.#merge.hear(this.#place, head);
    if (verdict === "foreign" || verdict === "below") this.#isCurious = true;
    if (verdict !== "known") this.#wake.set();
  }

  /** Asks the store whether our history still stands, before anything else that was pushed is believed. */
  doubt(): void {
    this.#merge.doubt();
    this.#wake.set();
  }

  connectionLost(): void {
    this.#missed ??= 0;
    this.#barrier = undefined;
  }

  /** The connection stands and this head was read afterwards: whatever is above it will be pushed. */
  connected(head: Position): void {
    this.#missed ??= 0;
    this.#isUrgent = true;
    this.#failures = 0;
    // This head was read after our cursor was, so a lower one means that history was cut.
    if (head.epoch === this.#at.epoch && head.sequence < this.#at.sequence) this.#merge.doubt();
    this.#barrier = head.sequence;
    this.heard(head);
    this.#wake.set();
  }

  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wake.set();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const next = this.#merge.takeNext(this.#place);
        if (next === "stale") this.#isCurious = true;
        else if (next !== undefined) await this.#process(next, signal);
        else if (this.isCaughtUp) await this.#rest();
        else if (await this.#isStillMissing(signal)) await this.#recover(signal);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #rest(): Promise<void> {
    this.#isRecovering = false;
    this.#reportIfCaughtUp();
    this.#isUrgent = false;
    await this.#wake.wait();
  }

  /** Messages overtake each other on the way; a short wait saves most fetches. */
  async #isStillMissing(signal: AbortSignal): Promise<boolean> {
    const until = Date.now() + 50 + this.#options.random() * 100;
    while (!this.#isUrgent && !this.#isRecovering && !signal.aborted) {
      if (this.#merge.hasNext(this.#place) || this.isCaughtUp) return false;
      if (this.#merge.isInDoubt) break;
      const left = until - Date.now();
      if (left <= 0) break;
      await this.#wake.wait(left);
    }
    return !signal.aborted;
  }

  async #recover(signal: AbortSignal): Promise<void> {
    if (!this.#isRecovering) {
      this.#isRecovering = true;
      this.#isBehindReported = true;
      this.#options.onBehind();
    }
    const wasCurious = this.#isCurious;
    this.#isCurious = false;
    try {
      const answer = await fetchMissed(this.#options.api, this.#cursor, signal);
      if (isHistoryGone(answer)) await this.#startAgain(answer, signal);
      else if (!await this.#take(answer, signal)) return;
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (stopReasonFor(error) !== undefined) throw error;
      this.#isCurious ||= wasCurious;
      this.#options.onProblem(error);
      await this.#waitAfterFailure(++this.#failures, error, signal);
    }
  }

  /** Hands a page over. False when the loop is not to go on as after a success. */
  async #take(page: EventsPage, signal: AbortSignal): Promise<boolean> {
    const events = sift(this.#place, page.events);
    if (typeof events === "string") throw new RestError(events);
    this.#duplicates += page.events.length - events.length;
    for (const placed of events) {
      if (signal.aborted) return false;
      await this.#process(placed, signal);
    }
    const verdict = this.#merge.finish(this.#place, page.head);
    if (verdict === "more" && events.length === 0) throw new RestError(`The page after ${this.#cursor.position} is empty, yet says there is more.`);
    if (verdict === "dropped") {
      this.#options.onProblem(new RestError(`The server does not show what was announced after ${this.#cursor.position}; it is not waited for any longer.`));
    }
    // What the store itself does not show is asked for again, but not in a tight loop.
    if (verdict === "unconfirmed") {
      this.#failures = this.#merge.unconfirmed;
      await this.#waitAfterFailure(this.#failures, undefined, signal);
      return false;
    }
    return true;
  }

  /** A new connection, or an event that fits, ends the wait. */
  async #waitAfterFailure(failures: number, error: unknown, signal: AbortSignal): Promise<void> {
    const until = Date.now() + respectRetryAfter(backoffDelay(failures - 1, this.#options.random()), error, this.#options.random());
    while (!signal.aborted && this.#failures === failures && !this.#merge.hasNext(this.#place)) {
      const left = until - Date.now();
      if (left <= 0) return;
      await this.#wake.wait(left);
    }
  }

  async #startAgain(gone: HistoryGone, signal: AbortSignal): Promise<void> {
    const lost = describe(gone, this.#cursor);
    const start = this.#options.continueAfter(lost, this.#cursor);
    const { cursor, at, head } = start.from === "after"
      ? placeAfter(start)
      : await resolveStart(this.#options.api, start.from === "cursor" ? { from: "head" } : start, signal);
    this.#cursor = cursor;
    this.#at = at;
    this.#merge.forget();
    if (this.#barrier !== undefined) this.#barrier = (head ?? gone.head).sequence;
    await this.#save(this.#options.placeCursor);
    this.#options.onHistoryLost(lost);
    this.heard(head ?? gone.head);
  }

  async #process(placed: PlacedEvent, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.deliver(placed, signal);
    } catch (error) {
      // Only a stop ends a delivery early; the event comes again with the next start.
      if (signal.aborted) return;
      throw error;
    }
    this.#delivered++;
    const { position, id, time } = placed.event;
    this.#cursor = { position, id, time };
    this.#at = placed.at;
    if (this.#missed !== undefined && (this.#barrier === undefined || placed.at.sequence <= this.#barrier)) this.#missed++;
    await this.#save();
    this.#reportIfCaughtUp();
  }

  /** Once per connection, at the barrier, and after each recovery in between. */
  #reportIfCaughtUp(): void {
    if (this.#missed !== undefined && this.#barrier !== undefined) {
      if (this.#at.sequence < this.#barrier || this.#merge.isInDoubt || this.#isCurious) return;
      const missed = this.#missed;
      this.#missed = undefined;
      this.#isBehindReported = false;
      if (missed > 0 && this.#hasCaughtUp) this.#gapsHealed++;
      this.#hasCaughtUp = true;
      this.#options.onCaughtUp(missed);
    } else if (this.#missed === undefined && this.#isBehindReported && this.isCaughtUp) {
      this.#isBehindReported = false;
      this.#gapsHealed++;
      this.#options.onCaughtUp(0);
    }
  }

  async #save(save = this.#options.saveCursor): Promise<void> {
    try {
      await save(this.#cursor);
    } catch (error) {
      // The application has its event; a cursor that lags behind only repeats some after a crash.
      this.#options.onProblem(error);
    }
  }
}

/** A start position that the application knows. Throws when it is malformed. */
export function placeAfter(start: { readonly position: string; readonly time?: string }): { cursor: Cursor; at: Position; head?: Position } {
  const at = parsePosition(start.position);
  if (at === undefined) throw new TypeError(`"${start.position}" is not a position.`);
  return { cursor: { position: start.position, ...(start.time !== undefined && { time: start.time }) }, at };
}

export function describe(gone: HistoryGone, cursor: Cursor): HistoryLost {
  return { reason: gone.reason, head: formatPosition(gone.head), oldest: formatPosition(gone.oldest), lastProcessed: cursor.position };
}
