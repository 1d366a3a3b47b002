import type { AccessTokenProvider, TokenPurpose } from "./access-token";
import { readEvent, type PlacedEvent } from "./events";
import { parsePosition, type Position } from "./position";
import { askForToken, requestTokenTimeoutMs } from "./token-request";

/**
 * Why a stream cannot be continued from a position. `epoch_changed`: it belongs to another history, because the database was restored or
 * replaced. `ahead_of_head`: it lies beyond the newest event, because the store has forgotten events. `trimmed`: the events after it are
 * no longer retained. `forked`: the event there is not the one that was seen, because history was rewritten.
 */
export type HistoryLostReason = "epoch_changed" | "ahead_of_head" | "trimmed" | "forked";

/** The server's word that a stream cannot be continued from where the client stands. */
export interface HistoryGone {
  readonly reason: HistoryLostReason;
  readonly head: Position;
  readonly oldest: Position;
}

export interface EventsPage {
  readonly events: readonly PlacedEvent[];
  readonly next: Position;
  readonly head: Position;
  readonly oldest: Position;
  readonly hasMore: boolean;
  readonly truncated: boolean;
}

export type EventsQuery =
  | { readonly after: string; readonly time?: string }
  | { readonly since: string }
  | Record<string, never>;

/**
 * A request that got no usable answer. Seen in `onProblem`, for the client tries again by itself; with {@link RestError.isWrongUser} it
 * stops instead, and this is the `error` of its state.
 */
export class RestError extends Error {
  /** Tells it by name, where `instanceof` does not: in another bundle, for instance. */
  override readonly name = "RestError";
  /** HTTP status of the answer; absent when there was none, and for some whose content is wrong. */
  readonly status: number | undefined;
  /** `type` of the ProblemDetails; absent when the answer has none, a proxy's page for instance. */
  readonly problemType: string | undefined;
  /** How long the server asks to wait before the next try, in milliseconds, at least 0; the client believes it up to 120,000. */
  readonly retryAfterMs: number | undefined;

  /**
   * Applications need it for tests only.
   *
   * @param message what went wrong
   * @param status HTTP status of the answer
   * @param problemType `type` of the ProblemDetails
   * @param retryAfterMs milliseconds
   */
  constructor(message: string, status?: number, problemType?: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.problemType = problemType;
    this.retryAfterMs = retryAfterMs;
  }

  /** The token is good but another user's: no retry can help. A proxy's 403 lacks our problem type. */
  get isWrongUser(): boolean {
    return this.status === 403 && this.problemType === "urn:realtime:problem:wrong-user";
  }
}

const requestTimeoutMs = 10_000;

/** The REST half of the contract, as far as a reader needs it. Never retries, except a 401 once with a fresh token. */
export class RestApi {
  readonly #serverUrl: string;
  readonly #tokens: AccessTokenProvider;
  readonly #fetch: typeof fetch;

  constructor(serverUrl: string, tokens: AccessTokenProvider, fetchWith: typeof fetch) {
    this.#serverUrl = serverUrl;
    this.#tokens = tokens;
    this.#fetch = fetchWith;
  }

  /** One page of events, or the server's word that the history is gone. */
  async events(query: EventsQuery, limit: number, signal?: AbortSignal): Promise<EventsPage | HistoryGone> {
    const response = await this.#withFreshToken(token => this.#get(eventsPath(query, limit), token, signal), signal);
    return await readEventsAnswer(response);
  }

  /** The same question with exactly this token, to learn why a handshake with it failed. */
  async probe(query: EventsQuery, token: string, signal?: AbortSignal): Promise<EventsPage | HistoryGone> {
    return await readEventsAnswer(await this.#get(eventsPath(query, 1), token, signal));
  }

  /**
   * Whether a connect would be refused for now: a browser hides what a refused handshake was answered. The hub's own route tells, without
   * a connection being made. Undefined when it would not, or when only a connect can tell.
   */
  async connectRefusal(hubUrl: string, token: string, signal?: AbortSignal): Promise<RestError | undefined> {
    const response = await this.#get(hubUrl, token, signal);
    if (response.status !== 429 && response.status !== 503) return undefined;
    const refusal = await refusalOf(response);
    return refusal.retryAfterMs === undefined ? undefined : refusal;
  }

  /** The newest event of the stream, if there is one. */
  async newest(signal?: AbortSignal): Promise<PlacedEvent | undefined> {
    const response = await this.#withFreshToken(token => this.#get("api/v1/agents/activity?limit=1", token, signal), signal);
    const body = (await readJson(await orThrow(response))) as { events?: unknown };
    if (!Array.isArray(body.events)) throw new RestError("The activity answer has no events.", response.status);
    return body.events.length === 0 ? undefined : readPlaced(body.events[0]);
  }

  /** Where the server keeps a consumer's cursor; undefined when it keeps none. The user is named, so another's token is refused. */
  async cursor(consumer: string, userId: string): Promise<Position | undefined> {
    const response = await orThrow(await this.#withFreshToken(token => this.#get(`api/v1/agents/cursors?${userQuery(userId)}`, token)));
    const body: unknown = JSON.parse(await response.text());
    if (!Array.isArray(body)) throw new RestError("The cursors answer is not a list.", response.status);
    const kept = (body as { consumer?: unknown; position?: unknown }[]).find(c => c.consumer === consumer);
    return kept === undefined ? undefined : readCursor(kept.position);
  }

  /** Moves a cursor forward and says where it stands; undefined when the position is not of the server's history (410). */
  async moveCursor(consumer: string, userId: string, position: string): Promise<Position | undefined> {
    const response = await this.#withFreshToken(token =>
      this.#send("PUT", cursorPath(consumer, userId), token, undefined, JSON.stringify({ position })));
    if (response.status === 410) return undefined;
    return readCursor(((await readJson(await orThrow(response))) as { position?: unknown }).position);
  }

  async deleteCursor(consumer: string, userId: string): Promise<void> {
    await orThrow(await this.#withFreshToken(token => this.#send("DELETE", cursorPath(consumer, userId), token)));
  }

  async #withFreshToken(send: (token: string) => Promise<Response>, signal?: AbortSignal): Promise<Response> {
    const ask = (purpose: TokenPurpose) => askForToken(this.#tokens, purpose, requestTokenTimeoutMs, signal);
    const response = await send(await ask("request"));
    return response.status === 401 ? await send(await ask("rejected")) : response;
  }

  #get(path: string, token: string, signal?: AbortSignal): Promise<Response> {
    return this.#send("GET", path, token, signal);
  }

  async #send(method: string, path: string, token: string, signal?: AbortSignal, body?: string): Promise<Response> {
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    const timer = setTimeout(onAbort, requestTimeoutMs);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) abort.abort();
    try {
      const response = await this.#fetch(new URL(path, this.#serverUrl), {
        method,
        headers: { accept: "application/json", authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
        ...(body !== undefined && { body }),
        cache: "no-store",
        signal: abort.signal,
      });
      // Read to the end under the same deadline: a stalled body is as bad as no answer.
      const text = await response.text();
      return new Response(response.status === 204 ? null : text, { status: response.status, headers: response.headers });
    } catch (error) {
      throw new RestError(`No answer from the server: ${String(error)}`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

export function isHistoryGone(answer: EventsPage | HistoryGone): answer is HistoryGone {
  return "reason" in answer;
}

function userQuery(userId: string): string {
  return new URLSearchParams({ user_id: userId }).toString();
}

function cursorPath(consumer: string, userId: string): string {
  return `api/v1/agents/cursors/${encodeURIComponent(consumer)}?${userQuery(userId)}`;
}

function readCursor(position: unknown): Position {
  const at = parsePosition(position);
  if (at === undefined) throw new RestError(`The server keeps the cursor "${String(position)}", which is not a position.`);
  return at;
}

function eventsPath(query: EventsQuery, limit: number): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, value);
  }
  parameters.set("limit", String(limit));
  return `api/v1/agents/events?${parameters}`;
}

async function readEventsAnswer(response: Response): Promise<EventsPage | HistoryGone> {
  const isGone = response.status === 410;
  const body = (await readJson(isGone ? response : await orThrow(response))) as Record<string, unknown>;
  const head = parsePosition(body.head);
  const oldest = parsePosition(body.oldest);
  if (isGone) {
    if (head === undefined || oldest === undefined || typeof body.reason !== "string") {
      throw new RestError("A 410 that does not say where the history can be continued.", 410);
    }
    return { reason: body.reason as HistoryLostReason, head, oldest };
  }

  const next = parsePosition(body.next);
  if (head === undefined || oldest === undefined || next === undefined || !Array.isArray(body.events)) {
    throw new RestError("The events answer is malformed.", response.status);
  }
  return { events: body.events.map(readPlaced), next, head, oldest, hasMore: body.hasMore === true, truncated: body.truncated === true };
}

function readPlaced(value: unknown): PlacedEvent {
  const placed = readEvent(value);
  if (placed === undefined) throw new RestError("The answer holds an event without a valid envelope.");
  return placed;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) return body;
  } catch (error) {
    throw new RestError(`The answer is not JSON: ${String(error)}`, response.status);
  }
  throw new RestError("The answer is not a JSON object.", response.status);
}

async function orThrow(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw await refusalOf(response);
}

/** What an answer that is none says. */
export async function refusalOf(response: Response): Promise<RestError> {
  const isProblem = response.headers.get("content-type")?.includes("json") ?? false;
  const problem = isProblem ? ((await readJson(response)) as Record<string, unknown>) : {};
  return new RestError(
    typeof problem.title === "string" ? problem.title : `The server answered ${response.status}.`,
    response.status,
    typeof problem.type === "string" ? problem.type : undefined,
    readRetryAfter(response.headers.get("retry-after")),
  );
}

/** Seconds, or a date. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
