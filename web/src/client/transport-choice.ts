/**
 * What carries events from the server as they happen. `auto`: WebSockets; where they are blocked while the server answers otherwise,
 * server-sent events, and WebSockets are tried again after 3 to 7 minutes. `webSockets`: those only; where they are blocked, events are
 * asked for with each attempt to connect. `serverSentEvents`: a plain HTTP request that does not end, for networks that are known to
 * block WebSockets.
 */
export type Transport = "auto" | "webSockets" | "serverSentEvents";

const failuresBeforeFallback = 3;
const soonestTrialMs = 180_000;
const latestTrialMs = 420_000;

/**
 * Decides what carries the next connection. WebSockets that fail three times in a row, without one of them having lasted, while the
 * server answers otherwise, are blocked: then server-sent events take over, and WebSockets are tried again after some minutes, and
 * whenever those fail too.
 */
export class TransportChoice {
  readonly #wanted: Transport;
  readonly #random: () => number;
  #failures = 0;
  #isTrying = false;
  #trialAt: number | undefined;

  constructor(wanted: Transport, random: () => number) {
    this.#wanted = wanted;
    this.#random = random;
  }

  get next(): Exclude<Transport, "auto"> {
    if (this.#wanted !== "auto") return this.#wanted;
    return this.#isBlocked && !this.#isTrying ? "serverSentEvents" : "webSockets";
  }

  /** How long to stay with server-sent events before WebSockets are tried again; undefined: for ever. */
  get trialInMs(): number | undefined {
    return this.#wanted === "auto" && this.#trialAt !== undefined ? Math.max(this.#trialAt - Date.now(), 0) : undefined;
  }

  get #isBlocked(): boolean {
    return this.#failures >= failuresBeforeFallback;
  }

  /** A connection has ended that did not last, or was never made. */
  failed(transport: Transport, isServerAnswering: boolean): void {
    this.#isTrying = transport === "serverSentEvents";
    if (this.#isTrying || !isServerAnswering) return;
    this.#failures = Math.min(this.#failures + 1, failuresBeforeFallback);
    if (this.#isBlocked) this.#trialAt = Date.now() + soonestTrialMs + (latestTrialMs - soonestTrialMs) * this.#random();
  }

  /** A connection has lasted, and ended or is to be replaced. */
  lasted(transport: Transport): void {
    if (transport === "webSockets") this.#failures = 0;
    this.#isTrying = transport === "serverSentEvents" && this.trialInMs === 0;
  }
}
