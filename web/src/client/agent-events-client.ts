import { AccessTokenUnavailableError, UserChangedError, type AccessTokenProvider } from "./access-token";
import type { ClientMetrics } from "./client-metrics";
import { ConnectionLoop } from "./connection-loop";
import type { ConnectionState, StopReason } from "./connection-state";
import { MemoryCursorStore, type Cursor, type CursorOwner, type CursorStore } from "./cursor-store";
import { describe, EventPump, placeAfter } from "./event-pump";
import { withDeadline } from "./deadline";
import { eventStreamLinks } from "./event-stream-link";
import { readEvent, type AgentEvent, type EventTypes } from "./events";
import { Handlers, type EventHandler, type ParkedEvent, type TypedHandler } from "./handlers";
import type { HubLinkFactory } from "./hub-link";
import { comparePositions, formatPosition, parsePosition, type Position } from "./position";
import { defaultContinuation, resolveStart, type HistoryLost, type ResolvedStart, type StartFrom } from "./recovery";
import { RestApi, RestError, type EventsQuery } from "./rest-api";
import { isServerCursor, ServerKeptCursor, type ServerCursor } from "./server-cursor";
import { openSignalRLink } from "./signalr-link";
import type { Transport } from "./transport-choice";

/** Nothing known is missing any more. */
export interface CaughtUp {
  /** Events that came between the loss of the connection (or the saved cursor) and the new one. */
  readonly missed: number;
  /** Whether this is the first time since the start. */
  readonly isFirst: boolean;
}

/** How a client connects, where it begins and whom it tells. */
export interface AgentEventsClientOptions {
  /** Base URL of the server, with a slash at its end when it has a path. */
  readonly serverUrl: string;
  /** Whose events are received; must be the `sub` of the token. */
  readonly userId: string;
  /** Asked for a token on every attempt and request. */
  readonly accessTokenProvider: AccessTokenProvider;
  /** Default: in memory, so a new client starts at the head. `serverCursor("name")` keeps it on the server. */
  readonly cursorStore?: CursorStore | ServerCursor;
  /** Asked again until it succeeds. Default: the saved cursor, else the head. */
  readonly startFrom?: StartFrom | (() => Promise<StartFrom>);
  /** Where to go on when history is lost. Default: lose only what no longer exists. */
  readonly continueAfterLoss?: (lost: HistoryLost, last: Cursor) => StartFrom;
  /** The connection has another state. */
  readonly onState?: (state: ConnectionState) => void;
  /** Everything missed has been handed over. */
  readonly onCaughtUp?: (caughtUp: CaughtUp) => void;
  /** Events that were not seen no longer exist, or were replaced. */
  readonly onHistoryLost?: (lost: HistoryLost) => void;
  /** An event that its handler failed on for good. */
  readonly onParked?: (parked: ParkedEvent) => void;
  /** Failures that the client deals with by itself; for a log. */
  readonly onProblem?: (problem: unknown) => void;
  /** Attempts per handler and event before it is parked; 3. */
  readonly handlerAttempts?: number;
  /** Pushed events kept while earlier ones are missing; 1,000. What does not fit comes from the store. */
  readonly bufferCapacity?: number;
  /** Part of each reconnect delay that is random, 0 to 1; 0.5. */
  readonly jitter?: number;
  /** 10,000 ms of being live before the backoff starts over. */
  readonly stableAfterMs?: number;
  /** What carries events as they happen; "auto": WebSockets, and server-sent events where those are blocked. */
  readonly transport?: Transport;
  /** In [0, 1); `Math.random`. For tests. */
  readonly random?: () => number;
  /** The platform's own `fetch`. For tests. */
  readonly fetch?: typeof fetch;
  /** Opens connections to the hub; SignalR. For tests. */
  readonly openLink?: HubLinkFactory;
}

/**
 * Receives one user's events: each once, in order and without a gap, whatever happens to connections and servers.
 * Handlers run one after the other; the cursor is saved after them. One client is started once and stopped once.
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
  #state: ConnectionState = { name: "idle" };
  #pump: EventPump | undefined;
  #beginning: Promise<EventPump> | undefined;
  #running: Promise<void> | undefined;
  #pumpRun: Promise<void> | undefined;
  #heardEarly: Position | undefined;
  #hasCaughtUp = false;
  #failPump: (error: unknown) => void = () => {};

  constructor(options: AgentEventsClientOptions) {
    if (typeof options.startFrom === "object" && options.startFrom.from === "after") placeAfter(options.startFrom);
    this.#options = options;
    this.#owner = { serverUrl: new URL(options.serverUrl).href, userId: options.userId };
    this.#random = options.random ?? Math.random;
    this.#handlers = new Handlers(options.handlerAttempts ?? 3, this.#random, parked => this.#options.onParked?.(parked));
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

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** What has been processed; undefined until the start position is known. */
  get cursor(): Cursor | undefined {
    return this.#pump?.cursor;
  }

  /** What it has put right so far. */
  get metrics(): ClientMetrics {
    return this.#pump?.metrics ?? { delivered: 0, gapsHealed: 0, duplicatesDropped: 0 };
  }

  /** Handles one built-in type. Returns a function that takes the handler away again. */
  on<K extends keyof EventTypes>(type: K, handler: TypedHandler<K>): () => void;
  /** Handles one type that the application knows. */
  on<TData = unknown>(type: string, handler: EventHandler<TData>): () => void;
  on(type: string, handler: EventHandler<never>): () => void {
    return this.#handlers.add(type, handler as EventHandler);
  }

  /** Handles every event, unknown types included. */
  onEvent(handler: (event: AgentEvent) => void | Promise<void>): () => void {
    return this.#handlers.add(undefined, handler);
  }

  /** Starts connecting, and returns at once: `onState` tells how it goes. Throws when called a second time. */
  start(): void {
    if (this.#running !== undefined) throw new Error("The client has been started before; make a new one.");
    if (this.#state.name === "stopped") throw new Error("The client is stopped; make a new one.");
    this.#running = this.#run();
  }

  /** Makes the next attempt at once instead of after the wait: for a button, or when the machine is online again. */
  retryNow(): void {
    this.#loop.retryNow();
  }

  /** Ends the connection and waits for the handler that is running. May be called at any time, also twice. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    if (this.#state.name !== "stopped") this.#move({ name: "stopped", reason: "requested" });
  }

  async #run(): Promise<void> {
    const pumpFailed = new Promise<never>((_, reject) => { this.#failPump = reject; });
    const loop = this.#loop.run(this.#abort.signal);
    let stopped: ConnectionState = { name: "stopped", reason: "requested" };
    try {
      await Promise.race([loop, pumpFailed]);
    } catch (error) {
      stopped = { name: "stopped", reason: reasonOf(error), error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.#abort.abort();
    // Both see the abort; neither may still call the application afterwards.
    await Promise.allSettled([loop, this.#pumpRun]);
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
      await withDeadline(this.#onServer.close(), 2_000, "Saving the cursor");
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
    this.#begin(this.#abort.signal).then(pump => pump.heard(head), problem => this.#report(problem));
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
      deliver: ({ event }, abort) => this.#handlers.run(event, abort),
      saveCursor: cursor => this.#saveMoved(cursor),
      placeCursor: cursor => this.#store.save(this.#owner, cursor),
      continueAfter: this.#options.continueAfterLoss ?? ((lost, last) => defaultContinuation(lost.reason, last)),
      onHistoryLost: lost => this.#options.onHistoryLost?.(lost),
      onBehind: () => { if (this.#state.name === "live") this.#move({ name: "catchingUp", ...this.#carrier }); },
      onCaughtUp: missed => this.#caughtUp(missed),
      onProblem: problem => this.#report(problem),
    }, start.cursor, start.at);
    if (start.gone !== undefined) this.#options.onHistoryLost?.(describe(start.gone, start.cursor));
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
    const at = parsePosition(saved?.position);
    if (saved !== undefined && at !== undefined) return { cursor: saved, at };
    return await resolveStart(this.#api, { from: "head" }, signal);
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

  #caughtUp(missed: number): void {
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

function reasonOf(error: unknown): StopReason {
  if (error instanceof AccessTokenUnavailableError) return "signInRequired";
  return error instanceof UserChangedError || (error instanceof RestError && error.isWrongUser) ? "wrongUser" : "failed";
}
