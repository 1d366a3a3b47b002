import { AccessTokenUnavailableError, type TokenPurpose } from "./access-token";
import { backoffDelay, respectRetryAfter } from "./backoff";
import { pause } from "./handlers";
import type { HubLinkFactory } from "./hub-link";
import { HubSession, type HubSessionOptions, type SessionEnd } from "./hub-session";
import type { Position } from "./position";
import { isHistoryGone, RestError, type EventsQuery, type RestApi } from "./rest-api";
import { stopReasonFor } from "./stop-reason";
import { askForToken, connectTokenTimeoutMs } from "./token-request";
import { TransportChoice, type Transport } from "./transport-choice";

export interface ConnectionLoopOptions extends HubSessionOptions {
  readonly api: RestApi;
  readonly jitter: number;
  readonly transport: Transport;
  readonly streamUrl: string;
  /** As `openLink`, over server-sent events. */
  readonly openStream: HubLinkFactory;
  /** After so long live and without a break the backoff starts from the beginning. */
  readonly stableAfterMs: number;
  readonly onLost: () => void;
  /** The question whose answer explains a refused handshake. */
  readonly probeQuery: () => EventsQuery;
  /** The socket failed but REST answers: whatever is above this head can be fetched meanwhile. */
  readonly onRestHead: (head: Position) => void;
}

interface Attempt {
  readonly end: SessionEnd;
  readonly nextPurpose: TokenPurpose;
  /** The server would let the client in, so that what failed is on the way. */
  readonly isServerAnswering?: boolean;
  /** The answer that may say when to come back. */
  readonly limitedBy?: RestError;
}

function limitReason(answer: RestError): string {
  return answer.status === 429 ? "server asks to come back later" : `server answers ${answer.status}`;
}

/**
 * Keeps one connection open for ever: connects, waits until it is lost, waits the backoff, connects again.
 * The first connect is an attempt like any other. Ends when the signal aborts, or throws what makes retrying pointless.
 */
export class ConnectionLoop {
  readonly #options: ConnectionLoopOptions;
  readonly #choice: TransportChoice;
  #transport: Exclude<Transport, "auto"> = "webSockets";
  #hasLasted = false;
  #retries = 0;
  #hasBeenConnected = false;
  #hurry: AbortController | undefined;
  #stableTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionLoopOptions) {
    this.#options = options;
    this.#choice = new TransportChoice(options.transport, options.random);
  }

  /** What carries the present connection. */
  get transport(): Exclude<Transport, "auto"> {
    return this.#transport;
  }

  async run(signal: AbortSignal): Promise<void> {
    let purpose: TokenPurpose = "connect";
    let reason: string | undefined;
    while (!signal.aborted) {
      this.#waitingState(reason);
      const { end, nextPurpose, isServerAnswering, limitedBy } = await this.#attempt(purpose, signal);
      clearTimeout(this.#stableTimer);
      if (signal.aborted) return;
      purpose = nextPurpose;
      // What failed was the way, and there is another. A server that is away, or asks for patience, gets it.
      const isSwitching = isServerAnswering === true && this.#transport === "webSockets" && this.#choice.next === "serverSentEvents";
      reason = isSwitching ? "WebSockets are blocked, going on over server-sent events" : end.reason;
      const wait = isSwitching ? 0 : end.reconnectAfterMs
        ?? respectRetryAfter(backoffDelay(this.#retries++, this.#options.random(), this.#options.jitter), limitedBy, this.#options.random());
      this.#waitingState(reason, Date.now() + wait);
      await this.#pauseUnlessHurried(wait, signal);
    }
  }

  /** Ends the current wait, if there is one. */
  retryNow(): void {
    this.#hurry?.abort();
  }

  async #pauseUnlessHurried(ms: number, signal: AbortSignal): Promise<void> {
    const hurry = new AbortController();
    const onAbort = () => hurry.abort();
    signal.addEventListener("abort", onAbort);
    this.#hurry = hurry;
    if (!signal.aborted) await pause(ms, hurry.signal);
    this.#hurry = undefined;
    signal.removeEventListener("abort", onAbort);
  }

  /** Called when nothing is missing any more; the connection then has to last before it counts as stable. */
  caughtUp(): void {
    clearTimeout(this.#stableTimer);
    this.#stableTimer = setTimeout(() => {
      this.#retries = 0;
      this.#hasLasted = true;
      this.#choice.lasted(this.#transport);
    }, this.#options.stableAfterMs);
  }

  async #attempt(purpose: TokenPurpose, signal: AbortSignal): Promise<Attempt> {
    let token: string;
    try {
      token = await askForToken(this.#options.tokens, purpose, connectTokenTimeoutMs, signal);
    } catch (error) {
      if (signal.aborted) return { end: { reason: "stopped" }, nextPurpose: purpose };
      if (error instanceof AccessTokenUnavailableError) throw error;
      this.#options.onProblem(error);
      return { end: { reason: "no access token" }, nextPurpose: purpose };
    }

    this.#transport = this.#choice.next;
    this.#hasLasted = false;
    const isStream = this.#transport === "serverSentEvents";
    const session = new HubSession(
      isStream ? { ...this.#options, hubUrl: this.#options.streamUrl, openLink: this.#options.openStream } : this.#options, token);
    try {
      await session.open(signal);
    } catch (error) {
      session.close();
      if (session.outcome?.fatal !== undefined) throw session.outcome.fatal;
      if (signal.aborted) return { end: { reason: "stopped" }, nextPurpose: "connect" };
      if (stopReasonFor(error) !== undefined) throw error;
      this.#options.onProblem(error);
      // The server asked us to come back: nothing to explain.
      if (session.outcome?.reconnectAfterMs !== undefined) return { end: session.outcome, nextPurpose: "connect" };
      return await this.#explain(token, signal);
    }

    this.#hasBeenConnected = true;
    const trialInMs = isStream ? this.#choice.trialInMs : undefined;
    const trial = trialInMs === undefined ? undefined : setTimeout(() => session.leave("trying WebSockets again"), trialInMs);
    const end = await session.ended;
    clearTimeout(trial);
    session.close();
    if (this.#hasLasted || (isStream && end.reconnectAfterMs !== undefined)) this.#choice.lasted(this.#transport);
    // A socket that stood and dropped says nothing against WebSockets: the server may be flapping.
    else if (isStream) this.#choice.failed(this.#transport, true);
    if (end.fatal !== undefined) throw end.fatal;
    this.#options.onLost();
    return { end, nextPurpose: "connect" };
  }

  /** A browser hides why a handshake was refused; the same token over REST tells. */
  async #explain(token: string, signal: AbortSignal): Promise<Attempt> {
    try {
      const answer = await this.#options.api.probe(this.#options.probeQuery(), token, signal);
      this.#options.onRestHead(answer.head);
      const limitedBy = await this.#options.api.connectRefusal(this.#options.hubUrl, token, signal);
      if (limitedBy !== undefined) return { end: { reason: limitReason(limitedBy) }, nextPurpose: "connect", limitedBy };
      this.#choice.failed(this.#transport, true);
      const reason = isHistoryGone(answer) ? "the stored history has changed" : "live connection blocked, checking over HTTP meanwhile";
      return { end: { reason }, nextPurpose: "connect", isServerAnswering: true };
    } catch (error) {
      if (!(error instanceof RestError) || error.isWrongUser) throw error;
      this.#choice.failed(this.#transport, false);
      if (error.status === 401) return { end: { reason: "access token not accepted" }, nextPurpose: "rejected" };
      const reason = error.status === undefined ? "server not reachable" : limitReason(error);
      return { end: { reason }, nextPurpose: "connect", limitedBy: error };
    }
  }

  #waitingState(reason: string | undefined, nextAttemptAt?: number): void {
    this.#options.onState({
      name: this.#hasBeenConnected ? "reconnecting" : "connecting",
      attempt: this.#retries,
      ...(reason !== undefined && { reason }),
      ...(nextAttemptAt !== undefined && { nextAttemptAt }),
    });
  }
}
