import type { AgentEvent } from "../../src/client";
import type { HubLink, HubLinkEvents } from "../../src/client/hub-link";

/** A server scripted at the wire: one user's stream, its REST answers, and links that push or stay silent as told. */
export class FakeServer {
  epoch = "k1";
  oldest = 1;
  readonly events: AgentEvent[] = [];
  readonly links: FakeLink[] = [];
  readonly requests: URL[] = [];
  readonly tokensSeen: string[] = [];
  /** Makes handshakes fail. */
  refuseHandshake = false;
  /** Answers REST before the stream does: a status with an optional body, or "down". */
  restAnswer: { status: number; body?: unknown; retryAfter?: string } | "down" | undefined;
  /** Answers a plain GET of the hub's route; 400 is SignalR's own answer. */
  hubAnswer: { status: number; retryAfter?: string } = { status: 400 };
  getHeadError: string | undefined;
  /** Positions that the server keeps, by consumer. */
  readonly cursors = new Map<string, string>();
  /** Every request about a cursor, as "METHOD consumer position". */
  readonly cursorRequests: string[] = [];
  cursorAnswer: number | "down" | undefined;
  renewedWith: string[] = [];
  renewalSeconds = 60;
  renewalError: string | undefined;
  #clock = 0;

  get head(): number {
    return this.events.length;
  }

  get link(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("No connection was opened.");
    return link;
  }

  /** Commits an event, and pushes it unless told not to. */
  publish(push = true, type = "agent.step_completed", data: unknown = {}): AgentEvent {
    const event = this.commit(type, data);
    if (push) this.link.push(event);
    return event;
  }

  commit(type = "agent.step_completed", data: unknown = {}): AgentEvent {
    const sequence = this.head + 1;
    const event: AgentEvent = {
      type,
      id: `id-${this.epoch}-${sequence}`,
      position: `${this.epoch}.${sequence}`,
      time: `2026-11-23T03:00:00.${String(++this.#clock).padStart(6, "0")}Z`,
      data,
    };
    this.events.push(event);
    return event;
  }

  commitMany(count: number): void {
    for (let i = 0; i < count; i++) this.commit();
  }

  /** Another store: the events of the old one are gone. */
  replaceHistory(epoch: string): void {
    this.epoch = epoch;
    this.events.length = 0;
  }

  readonly openLink = (url: string, accessToken: string, events: HubLinkEvents): HubLink => {
    const link = new FakeLink(this, url, events);
    this.tokensSeen.push(accessToken);
    this.links.push(link);
    return link;
  };

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    if (url.pathname.includes("/ws/agents/")) return json(this.hubAnswer.status, {}, this.hubAnswer.retryAfter);
    this.requests.push(url);
    if (url.pathname.includes("/agents/cursors")) return this.#answerCursors(url, init);
    if (this.restAnswer === "down") throw new TypeError("connection refused");
    if (this.restAnswer !== undefined) return json(this.restAnswer.status, this.restAnswer.body ?? {}, this.restAnswer.retryAfter);
    if (url.pathname.endsWith("/activity")) return json(200, { events: this.events.slice(-1), hasMore: false });
    return this.#answerEvents(url.searchParams);
  };

  #answerCursors(url: URL, init: RequestInit | undefined): Response {
    const method = init?.method ?? "GET";
    const consumer = url.pathname.split("/cursors/")[1] ?? "";
    const wanted = typeof init?.body === "string" ? (JSON.parse(init.body) as { position: string }).position : "";
    this.cursorRequests.push(`${method} ${consumer} ${wanted}`.trim());
    if (this.cursorAnswer === "down") throw new TypeError("connection refused");
    if (this.cursorAnswer !== undefined) return json(this.cursorAnswer, {});
    if (url.searchParams.get("user_id") !== "demo") return json(403, { type: "urn:realtime:problem:wrong-user" });
    if (method === "GET") return json(200, [...this.cursors].map(([name, position]) => ({ consumer: name, position })));
    if (method === "DELETE") {
      this.cursors.delete(consumer);
      return new Response(null, { status: 204 });
    }
    const [epoch, sequence] = wanted.split(".");
    if (epoch !== this.epoch || Number(sequence) > this.head) {
      return json(410, { reason: epoch !== this.epoch ? "epoch_changed" : "ahead_of_head" });
    }
    const [keptEpoch, kept] = (this.cursors.get(consumer) ?? ".").split(".");
    if (keptEpoch !== epoch || Number(kept) < Number(sequence)) this.cursors.set(consumer, wanted);
    return json(200, { consumer, position: this.cursors.get(consumer) });
  }

  #answerEvents(query: URLSearchParams): Response {
    const at = (sequence: number) => `${this.epoch}.${sequence}`;
    const bounds = { head: at(this.head), oldest: at(this.oldest) };
    const limit = Number(query.get("limit"));
    let from = this.oldest - 1;
    const after = query.get("after");
    const since = query.get("since");
    if (after !== null) {
      const [epoch, text] = after.split(".");
      from = Number(text);
      const time = query.get("time");
      const reason = epoch !== this.epoch ? "epoch_changed"
        : from > this.head ? "ahead_of_head"
        : from < this.oldest - 1 ? "trimmed"
        : time !== null && from > 0 && this.events[from - 1]!.time !== time ? "forked"
        : undefined;
      if (reason !== undefined) return json(410, { type: "urn:realtime:problem:history-lost", reason, ...bounds });
    } else if (since !== null) {
      from = this.events.filter(e => e.time <= since).length;
    }
    const events = this.events.slice(from, from + limit);
    const next = from + events.length;
    return json(200, { events, next: at(next), ...bounds, hasMore: next < this.head, truncated: false });
  }
}

export class FakeLink implements HubLink {
  readonly url: string;
  isStopped = false;
  headQuestions = 0;
  readonly #server: FakeServer;
  readonly #events: HubLinkEvents;

  constructor(server: FakeServer, url: string, events: HubLinkEvents) {
    this.#server = server;
    this.url = url;
    this.#events = events;
  }

  async start(): Promise<void> {
    if (this.#server.refuseHandshake) throw new Error("WebSocket failed to connect.");
  }

  async getHead(): Promise<unknown> {
    this.headQuestions++;
    if (this.#server.getHeadError !== undefined) throw new Error(this.#server.getHeadError);
    return `${this.#server.epoch}.${this.#server.head}`;
  }

  async renewToken(token: string): Promise<number> {
    this.#server.renewedWith.push(token);
    if (this.#server.renewalError !== undefined) throw new Error(this.#server.renewalError);
    return this.#server.renewalSeconds;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  push(event: unknown): void {
    this.#events.event(event);
  }

  announceHead(sequence = this.#server.head, epoch = this.#server.epoch): void {
    this.#events.head(`${epoch}.${sequence}`);
  }

  askToReconnect(afterMs: number): void {
    this.#events.reconnect(afterMs);
  }

  drop(): void {
    this.#events.closed(new Error("connection reset"));
  }
}

function json(status: number, body: unknown, retryAfter?: string): Response {
  const headers = { "content-type": "application/json", ...(retryAfter !== undefined && { "retry-after": retryAfter }) };
  return new Response(JSON.stringify(body), { status, headers });
}
