import { readClaims } from "./access-token";
import { EventStreamParser, type EventStreamBlock } from "./event-stream-parser";
import type { HubLink, HubLinkEvents, HubLinkFactory } from "./hub-link";
import { refusalOf, RestError } from "./rest-api";

/** The server shows every 15 s that it is there. */
const longestSilenceMs = 45_000;
/** A connection that the server ends sooner is not one that went well. */
const shortestGoodMs = 2_000;

export interface EventStreamLinkOptions {
  readonly fetch: typeof fetch;
  /** The head of the stream, asked over REST. */
  readonly head: (accessToken: string) => Promise<string>;
}

/**
 * Connections over server-sent events, for networks that block WebSockets. Not `EventSource`: it cannot send an `Authorization` header,
 * and a token in the URL ends up in the logs of whatever is in between. They ask for what comes from now on; what is missing before,
 * and every gap, is fetched as on any other link.
 */
export function eventStreamLinks(options: EventStreamLinkOptions): HubLinkFactory {
  return (url, accessToken, events) => new EventStreamLink(options, url, accessToken, events);
}

class EventStreamLink implements HubLink {
  readonly #options: EventStreamLinkOptions;
  readonly #url: string;
  readonly #events: HubLinkEvents;
  #token: string;
  #current: Reading | undefined;
  /** Requests whose stream has not begun yet. */
  readonly #opening = new Set<Reading>();
  #untoldStart: string | undefined;
  #isStopped = false;

  constructor(options: EventStreamLinkOptions, url: string, accessToken: string, events: HubLinkEvents) {
    this.#options = options;
    this.#url = url;
    this.#token = accessToken;
    this.#events = events;
  }

  async start(): Promise<void> {
    this.#untoldStart = await this.#open(this.#token);
  }

  /** The first time it is where the stream began, which the server has read after it had joined; later it is asked for. */
  async getHead(): Promise<unknown> {
    const start = this.#untoldStart;
    this.#untoldStart = undefined;
    if (start !== undefined) return start;
    try {
      return await this.#options.head(this.#token);
    } catch (error) {
      // The connection is worth keeping, as the hub's is that says so itself.
      if (error instanceof RestError && (error.status === 503 || error.status === 429)) throw new Error("store_unavailable", { cause: error });
      throw error;
    }
  }

  /** A request keeps its token, so a second one takes over before the first one ends: what both bring, the gate drops. */
  async renewToken(accessToken: string): Promise<number> {
    try {
      this.#events.head(await this.#open(accessToken));
    } catch (error) {
      if (error instanceof RestError && error.status === 401) throw new Error("invalid_token", { cause: error });
      if (error instanceof RestError && error.isWrongUser) throw new Error("user_changed", { cause: error });
      throw error;
    }
    this.#token = accessToken;
    return (readClaims(accessToken)?.exp ?? Number.NaN) - Date.now() / 1_000;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const last = this.#current;
    this.#current = undefined;
    last?.abort.abort();
    for (const reading of this.#opening) reading.abort.abort();
  }

  /** Opens a request and lets it take over. Resolves with where it begins. */
  async #open(token: string): Promise<string> {
    const reading = new Reading();
    this.#opening.add(reading);
    try {
      const response = await this.#options.fetch(this.#url, {
        headers: { accept: "text/event-stream", authorization: `Bearer ${token}` },
        cache: "no-store",
        signal: reading.abort.signal,
      });
      if (!response.ok) throw await refusalOf(response);
      if (response.body === null || !(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
        throw new RestError("The answer is no stream of events.", response.status);
      }
      void this.#read(reading, response.body);
      const start = await reading.start;
      if (this.#isStopped) throw new Error("The connection is closed.");
      const before = this.#current;
      this.#current = reading;
      before?.abort.abort();
      if (reading.end !== undefined) this.#tell(reading);
      return start;
    } catch (error) {
      reading.abort.abort();
      throw error;
    } finally {
      this.#opening.delete(reading);
    }
  }

  async #read(reading: Reading, body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reading.abort.abort(new Error("The stream is silent.")), longestSilenceMs);
    };
    try {
      watch();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        watch();
        for (const block of parser.take(decoder.decode(next.value, { stream: true }))) this.#hear(reading, block);
      }
      const wasGood = !reading.wasLost && Date.now() - reading.since >= shortestGoodMs;
      reading.end = wasGood && reading.retryMs !== undefined ? { returnAfterMs: reading.retryMs } : {};
    } catch (error) {
      reading.end = { error: error instanceof Error ? error : new Error(String(error)) };
    }
    clearTimeout(timer);
    reading.abort.abort();
    reading.fail(new Error("The stream ended before it began."));
    this.#tell(reading);
  }

  #tell(reading: Reading): void {
    if (this.#current !== reading) return; // replaced, stopped, or not there yet
    this.#current = undefined;
    if (reading.end?.returnAfterMs !== undefined) this.#events.reconnect(reading.end.returnAfterMs);
    else this.#events.closed(reading.end?.error);
  }

  #hear(reading: Reading, block: EventStreamBlock): void {
    // The server's last word before it ends a stream is when to return; the first is for a stream that breaks.
    const isOnlyRetry = block.id === undefined && block.data === undefined;
    reading.retryMs = isOnlyRetry && reading.hasHeardRetry ? block.retryMs : undefined;
    reading.hasHeardRetry ||= block.retryMs !== undefined;
    // Events have no names here. A history that is lost is for REST to tell, which says more.
    if (block.name !== undefined) reading.wasLost = true;
    else if (block.data !== undefined) this.#events.event(parse(block.data));
    if (block.id !== undefined) reading.begin(block.id);
  }
}

/** One request and what it brings, until it ends. */
class Reading {
  readonly abort = new AbortController();
  readonly since = Date.now();
  readonly start: Promise<string>;
  begin: (position: string) => void = () => {};
  fail: (error: Error) => void = () => {};
  retryMs: number | undefined;
  hasHeardRetry = false;
  wasLost = false;
  end: { readonly returnAfterMs?: number; readonly error?: Error } | undefined;

  constructor() {
    this.start = new Promise((resolve, reject) => {
      this.begin = resolve;
      this.fail = reject;
    });
    this.start.catch(() => {}); // whoever opened it may have been told by its request already
  }
}

/** What cannot be read is no envelope, and whoever gets it fetches the event instead. */
function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
