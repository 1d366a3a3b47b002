import type { AccessTokenProvider } from "./access-token";
import { backoffDelay } from "./backoff";
import type { ConnectionState } from "./connection-state";
import { withDeadline } from "./deadline";
import { pause } from "./handlers";
import type { HubLink, HubLinkFactory } from "./hub-link";
import { parsePosition, type Position } from "./position";
import { TokenRenewal } from "./token-renewal";

/** What a session needs from whoever opens it. */
export interface HubSessionOptions {
  readonly hubUrl: string;
  readonly tokens: AccessTokenProvider;
  readonly openLink: HubLinkFactory;
  readonly random: () => number;
  readonly onState: (state: ConnectionState) => void;
  readonly onEvent: (envelope: unknown) => void;
  readonly onHead: (head: Position) => void;
  /** The barrier: resolves when the events above this head are taken care of. A failure fails the attempt. */
  readonly onConnected: (head: Position, signal: AbortSignal) => Promise<void>;
  readonly onProblem: (problem: unknown) => void;
}

export interface SessionEnd {
  readonly reason: string;
  /** The server's wish, which replaces the backoff. */
  readonly reconnectAfterMs?: number;
  /** No other connection can be better. */
  readonly fatal?: Error;
}

const handshakeTimeoutMs = 15_000;
const invocationTimeoutMs = 10_000;
const silenceMs = 30_000;
const longestReconnectWishMs = 60_000;

/** One connection from handshake to end. What a session hears after its end is nobody's business any more. */
export class HubSession {
  readonly ended: Promise<SessionEnd>;
  readonly #options: HubSessionOptions;
  readonly #token: string;
  readonly #link: HubLink;
  readonly #renewal: TokenRenewal;
  #end: (end: SessionEnd) => void = () => {};
  #isOver = false;
  #outcome: SessionEnd | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HubSessionOptions, token: string) {
    this.#options = options;
    this.#token = token;
    this.ended = new Promise(resolve => { this.#end = resolve; });
    this.#link = options.openLink(options.hubUrl, token, {
      event: envelope => this.#hear(() => options.onEvent(envelope)),
      head: position => this.#hear(() => this.#hearHead(position)),
      reconnect: afterMs => this.#hear(() => this.#finish({ reason: "server is going away", reconnectAfterMs: readWish(afterMs) })),
      closed: error => this.#finish({ reason: error === undefined ? "connection closed by the server" : "connection lost" }),
    });
    this.#renewal = new TokenRenewal(this.#link, options.tokens, options.random, {
      problem: options.onProblem,
      userChanged: error => this.#finish({ reason: "token of another user", fatal: error }),
    });
  }

  /** Handshake, then the barrier: a head that was read after the connection joined its group. */
  async open(signal: AbortSignal): Promise<void> {
    const onAbort = () => {
      this.#finish({ reason: "stopped" });
      this.close();
    };
    signal.addEventListener("abort", onAbort);
    void this.ended.then(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    await this.#unlessOver(withDeadline(this.#link.start(), handshakeTimeoutMs, "The handshake"));
    this.#renewal.begin(this.#token);
    await this.#unlessOver(this.#options.onConnected(await this.#readHead(signal), signal));
    this.#watchSilence();
  }

  /** How it ended, once it has. */
  get outcome(): SessionEnd | undefined {
    return this.#outcome;
  }

  /** Gives the connection up for another one. */
  leave(reason: string): void {
    this.#finish({ reason, reconnectAfterMs: 0 });
  }

  /** Also ends it, so that nothing that waits for the end is left behind: not even a listener of an attempt that failed. */
  close(): void {
    this.#finish({ reason: "closed" });
    clearTimeout(this.#silenceTimer);
    this.#renewal.stop();
    this.#link.stop().catch(this.#options.onProblem);
  }

  /** While the store is away the connection is worth keeping: the question is asked again. */
  async #readHead(signal: AbortSignal): Promise<Position> {
    for (let failures = 0; ; failures++) {
      try {
        return readHead(await this.#unlessOver(withDeadline(this.#link.getHead(), invocationTimeoutMs, "GetHead")));
      } catch (error) {
        if (this.#isOver || !isPassing(error)) throw error;
        this.#options.onState({ name: "catchingUp", reason: "event store not available" });
        await this.#unlessOver(pause(backoffDelay(failures, this.#options.random()), signal));
      }
    }
  }

  /** A lost connection ends whatever waits for it. */
  async #unlessOver<T>(work: Promise<T>): Promise<T> {
    const over = this.ended.then(end => { throw new Error(`The connection ended: ${end.reason}.`); });
    return await Promise.race([work, over]);
  }

  #hear(what: () => void): void {
    if (this.#isOver) return;
    this.#watchSilence();
    what();
  }

  #hearHead(position: unknown): void {
    try {
      this.#options.onHead(readHead(position));
    } catch (error) {
      this.#options.onProblem(error);
    }
  }

  /** A connection can be open and dead, or lead to a node that hears nothing: a question now and then tells. */
  #watchSilence(): void {
    clearTimeout(this.#silenceTimer);
    if (this.#isOver) return;
    this.#silenceTimer = setTimeout(() => void this.#breakSilence(), silenceMs * (0.5 + this.#options.random()));
  }

  async #breakSilence(): Promise<void> {
    try {
      const head = readHead(await withDeadline(this.#link.getHead(), invocationTimeoutMs, "GetHead"));
      this.#hear(() => this.#options.onHead(head));
    } catch (error) {
      if (isPassing(error)) this.#watchSilence();
      else this.#finish({ reason: "connection silent" });
    }
  }

  #finish(end: SessionEnd): void {
    this.#isOver = true;
    this.#outcome ??= end;
    this.#end(end);
  }
}

function readHead(value: unknown): Position {
  const head = parsePosition(value);
  if (head === undefined) throw new Error(`The server announced "${String(value)}", which is not a position.`);
  return head;
}

function readWish(afterMs: unknown): number {
  return typeof afterMs === "number" && afterMs >= 0 ? Math.min(afterMs, longestReconnectWishMs) : 0;
}

/** The hub refuses a call and keeps the connection: its store is away, or it was called too often. */
function isPassing(error: unknown): boolean {
  return error instanceof Error && (error.message.includes("store_unavailable") || error.message.includes("too_many_calls"));
}
