import type { AccessTokenProvider } from "./access-token";
import type { ClientMetrics } from "./client-metrics";
import { ConnectionLoop } from "./connection-loop";
import type { ConnectionState } from "./connection-state";
import { CursorUnreadableError, MemoryCursorStore, type Cursor, type CursorOwner, type CursorStore } from "./cursor-store";
import { describe, EventPump, placeAfter } from "./event-pump";
import { settlesWithin, unlessAborted, withDeadline } from "./deadline";
import { eventStreamLinks } from "./event-stream-link";
import { readEvent, type AgentEvent, type EventTypes } from "./events";
import { Handlers, type EventHandler, type HandlerFailureAction, type ParkedEvent, type TypedHandler } from "./handlers";
import type { HubLinkFactory } from "./hub-link";
import { comparePositions, formatPosition, parsePosition, type Position } from "./position";
import { defaultContinuation, resolveStart, type HistoryLost, type ResolvedStart, type StartFrom } from "./recovery";
import { RestApi, type EventsQuery } from "./rest-api";
import { isServerCursor, ServerKeptCursor, type ServerCursor } from "./server-cursor";
import { openSignalRLink } from "./signalr-link";
import { stopReasonFor } from "./stop-reason";
import type { Transport } from "./transport-choice";

/** How long a stop waits for the handlers at work, and then for the cursor. */
const stopGraceMs = 2_000;

/** Nothing known is missing any more. */
export interface CaughtUp {
  /**
   * Events handed over since the connection was lost (at the start: since the saved cursor) and up to the head of the new one; 0 after a
   * gap on an open connection.
   */
  readonly missed: number;
  /** Whether this is the first time since the start. */
  readonly isFirst: boolean;
}

/**
 * How a client connects, where it begins and whom it tells. Kept, not copied: do not change it afterwards. Callbacks are not awaited, and
 * none may throw, or the client may stop with `failed`.
 */
export interface AgentEventsClientOptions {
  /** The server, an absolute http or https URL, with a slash at its end when it has a path. */
  readonly serverUrl: string;
  /** Whose stream is read; must be the `sub` of the token. */
  readonly userId: string;
  /** Asked for a token on every attempt to connect, for every request, and again before a token expires, so it should cache. */
  readonly accessTokenProvider: AccessTokenProvider;
  /** Where the cursor is kept. Default: in memory, so a new client starts at the head. `serverCursor("name")` keeps it on the server. */
  readonly cursorStore?: CursorStore | ServerCursor;
  /**
   * Where to begin. Default: after the saved cursor, else at the head. A function is asked when the server first answers, and again with
   * each attempt until it succeeds. The resolved position is saved before anything is delivered.
   */
  readonly startFrom?: StartFrom | (() => Promise<StartFrom>);
  /**
   * Where to go on when history is lost; `cursor` means the head here. When it throws, the problem is reported and it is asked again.
   * Default: the oldest event when history was trimmed, else the first one later than the last one processed, if its time is known, so
   * that only what no longer exists is lost.
   */
  readonly continueAfterLoss?: (lost: HistoryLost, last: Cursor) => StartFrom;
  /** The connection has another state, which `state` already shows. No state follows `stopped`. */
  readonly onState?: (state: ConnectionState) => void;
  /** Everything missed has been handed over: after each (re)connect, and after each gap. Comes after `onState` with `live`. */
  readonly onCaughtUp?: (caughtUp: CaughtUp) => void;
  /** Events that were not seen no longer exist, or were replaced. Told between two events, before the first one from the new place. */
  readonly onHistoryLost?: (lost: HistoryLost) => void;
  /** An event that a handler failed on for good, where `handlerFailure` is `park`. Told before the cursor passes it. */
  readonly onParked?: (parked: ParkedEvent) => void;
  /** Failures after which the client tries again by itself; for a log. One that keeps coming needs a look: a full storage, for instance. */
  readonly onProblem?: (problem: unknown) => void;
  /** Attempts per handler and event, at least 1; default 5. With `Infinity` it is tried until it succeeds or the client is stopped. */
  readonly handlerAttempts?: number;
  /** What follows the last of them. Default `stop`: the only choice that cannot pass an event. */
  readonly handlerFailure?: HandlerFailureAction;
  /**
   * Pushed events held while earlier ones are missing or the application works, 0 or more; default 1,000. What does not fit comes from
   * the store.
   */
  readonly bufferCapacity?: number;
  /** How much of each wait before an attempt to connect chance may take away, 0 to 1; default 0.5. What lies outside is clamped. */
  readonly jitter?: number;
  /**
   * How long a connection has to last after it last caught up, until it is stable and the backoff starts over: milliseconds, 0 to
   * 2^31 - 1; default 10,000.
   */
  readonly stableAfterMs?: number;
  /** What carries events as they happen. Default `auto`: WebSockets, and server-sent events where those are blocked. */
  readonly transport?: Transport;
  /** Uniform numbers in [0, 1) that spread clients in time; default `Math.random`. For tests. */
  readonly random?: () => number;
  /** Sends the requests, streams of server-sent events too; default: the platform's own `fetch`. For tests. */
  readonly fetch?: typeof fetch;
  /** Opens WebSockets to the hub; default: SignalR's. For tests. */
  readonly openLink?: HubLinkFactory;
}

/**
 * Receives one user's events: each once, in order and without a gap, whatever happens to connections and servers.
 * Handlers run one after the other; the cursor passes an event when they have finished, and is saved then: after a crash, events since
 * the last save come again. A client runs once: after it has stopped, make another.
 */
export class AgentEventsClient {
  readonly #options: AgentEventsClientOptions;
  readonly #owner: CursorOwner;
  readonly #store: CursorStore;
  readonly #onServer: ServerKeptCursor | undefined;
  readonly #random: () => number;
  readonly #handlers: Handlers;
  readonly #api: RestApi;
  readonly #loop: ConnectionLoop;
  readonly #abort = new AbortController();
  /** Aborts when a stop waits no longer for handlers and stores. */
  readonly #abandoning = new AbortController();
  #state: ConnectionState = { name: "idle" };
  #pump: EventPump | undefined;
  #beginning: Promise<EventPump> | undefined;
  #running: Promise<void> | undefined;
  #connecting: Promise<void> | undefined;
  #pumpRun: Promise<void> | undefined;
  #heardEarly: Position | undefined;
  #hasCaughtUp = false;
  #failPump: (error: unknown) => void = () => {};

  /**
   * Makes a client; it does nothing until it is started.
   *
   * @throws TypeError when `serverUrl` is not an absolute URL, or `startFrom` names a malformed position
   */
  constructor(options: AgentEventsClientOptions) {
    if (typeof options.startFrom === "object" && options.startFrom.from === "after") placeAfter(options.startFrom);
    this.#options = options;
    this.#owner = { serverUrl: new URL(options.serverUrl).href, userId: options.userId };
    this.#random = options.random ?? Math.random;
    this.#handlers = new Handlers({
      attempts: options.handlerAttempts ?? 5,
      then: options.handlerFailure ?? "stop",
      random: this.#random,
      onParked: parked => this.#options.onParked?.(parked),
      abandoning: this.#abandoning.signal,
    });
    const fetchWith = options.fetch ?? fetch.bind(globalThis);
    this.#api = new RestApi(this.#owner.serverUrl, options.accessTokenProvider, fetchWith);
    const store = options.cursorStore ?? new MemoryCursorStore();
    if (isServerCursor(store)) {
      this.#onServer = new ServerKeptCursor(this.#api, store.consumer, this.#random, problem => this.#report(problem));
      this.#store = this.#onServer;
    } else {
      this.#store = store;
    }
    this.#loop = new ConnectionLoop({
      hubUrl: new URL(`api/v1/ws/agents/${encodeURIComponent(options.userId)}`, this.#owner.serverUrl).href,
      tokens: options.accessTokenProvider,
      openLink: options.openLink ?? openSignalRLink,
      transport: options.transport ?? "auto",
      streamUrl: new URL(`api/v1/agents/events/stream?named=false&${new URLSearchParams({ user_id: options.userId })}`, this.#owner.serverUrl).href,
      openStream: eventStreamLinks({
        fetch: fetchWith,
        head: async token => formatPosition((await this.#api.probe(this.#probeQuery(), token)).head),
      }),
      api: this.#api,
      random: this.#random,
      jitter: options.jitter ?? 0.5,
      stableAfterMs: options.stableAfterMs ?? 10_000,
      onState: state => this.#move(state),
      onEvent: envelope => this.#receive(envelope),
      onHead: head => this.#hear(head),
      onConnected: (head, signal) => this.#connected(head, signal),
      onLost: () => this.#pump?.connectionLost(),
      probeQuery: () => this.#probeQuery(),
      onRestHead: head => this.#pollFrom(head),
      onProblem: problem => this.#report(problem),
    });
  }

  /** What the client is doing; `idle` until it is started. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Up to where events have been processed; undefined until the start position is known. */
  get cursor(): Cursor | undefined {
    return this.#pump?.cursor;
  }

  /** What it has seen and put right so far. */
  get metrics(): ClientMetrics {
    return this.#pump?.metrics ?? { delivered: 0, gapsHealed: 0, duplicatesDropped: 0 };
  }

  /**
   * Registers a handler for events of one built-in type. Handlers of all kinds run one after the other, in the order in which they were
   * registered; one that is registered while the client runs sees the events after the one at work.
   *
   * @returns a function that takes the handler away again, from the next event on
   */
  on<K extends keyof EventTypes>(type: K, handler: TypedHandler<K>): () => void;
  /**
   * Registers a handler for events of a type that the application knows. Nothing checks that their data is a `TData`.
   *
   * @returns a function that takes the handler away again, from the next event on
   */
  on<TData = unknown>(type: string, handler: EventHandler<TData>): () => void;
  on(type: string, handler: EventHandler<never>): () => void {
    return this.#handlers.add(type, handler as EventHandler);
  }

  /**
   * Registers a handler for every event, unknown types included.
   *
   * @returns a function that takes the handler away again, from the next event on
   */
  onEvent(handler: (event: AgentEvent) => void | Promise<void>): () => void {
    return this.#handlers.add(undefined, handler);
  }

  /**
   * Starts connecting, and returns at once: `onState` tells how it goes. It tries until it is stopped, or until trying cannot help, which
   * {@link StopReason} tells.
   *
   * @throws Error when it was started or stopped before
   */
  start(): void {
    if (this.#running !== undefined) throw new Error("The client has been started before; make a new one.");
    if (this.#state.name === "stopped") throw new Error("The client is stopped; make a new one.");
    this.#running = this.#run();
  }

  /**
   * Makes the next attempt at once instead of after the wait, also one that the server asked for: for a button, or when the machine is
   * online again. Does nothing when the client is not waiting to connect.
   */
  retryNow(): void {
    this.#loop.retryNow();
  }

  /**
   * Ends the connection, gives the handlers of the event at work 2 s, saves the cursor, and then moves to `stopped`: after at most about
   * 4 s. No further event is handed over. Handlers that take longer are not waited for: the cursor does not pass their event, which comes
   * again with the next start. May be called at any time, also twice.
   *
   * A handler may await it. Called before the handler's own first `await`, it waits for the end of the connection only, and the client
   * moves to `stopped` when the handler has finished or its 2 s are over. Called after one it cannot be told from a call by somebody else:
   * handler and stop then wait for each other until the 2 s are over, and the event comes again. Better not to await it there.
   */
  async stop(): Promise<void> {
    this.#abort.abort();
    if (this.#running === undefined || this.#connecting === undefined) this.#move({ name: "stopped", reason: "requested" });
    else if (this.#handlers.isCalling) await settlesWithin(this.#connecting, stopGraceMs);
    else await this.#running;
  }

  async #run(): Promise<void> {
    const pumpFailed = new Promise<never>((_, reject) => { this.#failPump = reject; });
    const stopRequested = new Promise<void>(resolve => this.#abort.signal.addEventListener("abort", () => resolve(), { once: true }));
    const loop = this.#loop.run(this.#abort.signal);
    this.#connecting = loop;
    let stopped: ConnectionState = { name: "stopped", reason: "requested" };
    try {
      await Promise.race([loop, pumpFailed, stopRequested]);
    } catch (error) {
      stopped = { name: "stopped", reason: stopReasonFor(error) ?? "failed", error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.#abort.abort();
    // Both see the abort, but whatever they wait for may hang; neither may still call the application afterwards.
    await settlesWithin(Promise.allSettled([loop, this.#pumpRun]), stopGraceMs);
    this.#abandoning.abort();
    await this.#closeCursor();
    this.#move(stopped);
  }

  async #saveMoved(cursor: Cursor): Promise<void> {
    if (this.#onServer === undefined) await this.#store.save(this.#owner, cursor);
    else this.#onServer.saveSoon(this.#owner, cursor);
  }

  async #closeCursor(): Promise<void> {
    if (this.#onServer === undefined) return;
    try {
      await withDeadline(this.#onServer.close(), stopGraceMs, "Saving the cursor");
    } catch (error) {
      this.#report(error);
    }
  }

  async #connected(head: Position, signal: AbortSignal): Promise<void> {
    this.#move({ name: "catchingUp", ...this.#carrier });
    (await this.#begin(signal)).connected(head);
  }

  /** Without a socket the client polls: each failed attempt brings a head, and what is above it is fetched. */
  #pollFrom(head: Position): void {
    this.#begin(this.#abort.signal).then(pump => pump.heard(head), problem => {
      if (this.#abort.signal.aborted) return;
      if (stopReasonFor(problem) === undefined) this.#report(problem);
      else this.#failPump(problem);
    });
  }

  /** Resolves the start position once, however often that has to be tried. */
  #begin(signal: AbortSignal): Promise<EventPump> {
    this.#beginning ??= this.#makePump(signal).catch(error => {
      this.#beginning = undefined;
      throw error;
    });
    return this.#beginning;
  }

  async #makePump(signal: AbortSignal): Promise<EventPump> {
    const start = await this.#resolveStart(signal);
    // Saved before anything is delivered, so that a crash in the first handler does not lose the start.
    await this.#store.save(this.#owner, start.cursor);
    const pump = new EventPump({
      api: this.#api,
      random: this.#random,
      bufferCapacity: this.#options.bufferCapacity ?? 1_000,
      deliver: ({ event }, stopping) => unlessAborted(this.#handlers.run(event, stopping), this.#abandoning.signal),
      saveCursor: cursor => this.#saveMoved(cursor),
      placeCursor: cursor => this.#store.save(this.#owner, cursor),
      continueAfter: this.#options.continueAfterLoss ?? ((lost, last) => defaultContinuation(lost.reason, last)),
      onHistoryLost: lost => this.#tellLost(lost),
      onBehind: () => { if (this.#state.name === "live") this.#move({ name: "catchingUp", ...this.#carrier }); },
      onCaughtUp: missed => this.#caughtUp(missed),
      onProblem: problem => this.#report(problem),
    }, start.cursor, start.at);
    if (start.gone !== undefined) this.#tellLost(describe(start.gone, start.cursor));
    this.#pump = pump;
    if (this.#heardEarly !== undefined) pump.heard(this.#heardEarly);
    this.#pumpRun = pump.run(this.#abort.signal);
    this.#pumpRun.catch(error => this.#failPump(error));
    return pump;
  }

  async #resolveStart(signal: AbortSignal): Promise<ResolvedStart> {
    const wanted = this.#options.startFrom ?? { from: "cursor" };
    const start = typeof wanted === "function" ? await wanted() : wanted;
    if (start.from === "after") return placeAfter(start);
    if (start.from !== "cursor") return await resolveStart(this.#api, start, signal);
    const saved = await this.#store.load(this.#owner);
    if (saved === undefined) return await resolveStart(this.#api, { from: "head" }, signal);
    const at = parsePosition(saved.position);
    // Beginning at the head instead would skip events without a word.
    if (at === undefined) throw new CursorUnreadableError("the cursor store", new TypeError(`"${String(saved.position)}" is not a position.`));
    return { cursor: saved, at };
  }

  #receive(envelope: unknown): void {
    const placed = readEvent(envelope);
    if (placed === undefined) {
      this.#report(new Error("A pushed event has no valid envelope; it is read from the store instead."));
      this.#pump?.doubt();
    } else if (this.#pump === undefined) this.#hear(placed.at);
    else this.#pump.offer(placed);
  }

  #hear(head: Position): void {
    if (this.#pump !== undefined) this.#pump.heard(head);
    // Later than the barrier's head, and the start position is still being looked up: it must not be forgotten.
    else if (!((comparePositions(head, this.#heardEarly ?? head) ?? 0) < 0)) this.#heardEarly = head;
  }

  #tellLost(lost: HistoryLost): void {
    if (!this.#abandoning.signal.aborted) this.#options.onHistoryLost?.(lost);
  }

  #caughtUp(missed: number): void {
    if (this.#abandoning.signal.aborted) return;
    this.#move({ name: "live", ...this.#carrier });
    this.#loop.caughtUp();
    const isFirst = !this.#hasCaughtUp;
    this.#hasCaughtUp = true;
    this.#options.onCaughtUp?.({ missed, isFirst });
  }

  get #carrier(): { readonly transport?: "serverSentEvents" } {
    return this.#loop.transport === "serverSentEvents" ? { transport: "serverSentEvents" } : {};
  }

  #probeQuery(): EventsQuery {
    const cursor = this.cursor;
    return cursor === undefined ? {} : { after: cursor.position, ...(cursor.time !== undefined && { time: cursor.time }) };
  }

  #move(state: ConnectionState): void {
    // Stopped is the end: late news of a connection does not revive it.
    if (this.#state.name === "stopped") return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #report(problem: unknown): void {
    this.#options.onProblem?.(problem);
  }
}
