import type { AgentEvent } from "../../src/client";
import type { FakeServer } from "./fake-server";

/** The stream endpoint of a fake server, scripted at the wire. Everything else is the fake server's. */
export class FakeStreams {
  readonly open: FakeStream[] = [];
  readonly #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
  }

  get last(): FakeStream {
    const last = this.open.at(-1);
    if (last === undefined) throw new Error("No stream was opened.");
    return last;
  }

  /** Comments from now on, as the server sends them. */
  keepAlive(): void {
    setTimeout(() => {
      this.last.comment();
      this.keepAlive();
    }, 15_000);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    if (!url.pathname.endsWith("/events/stream")) return await this.#server.fetch(input, init);
    const stream = new FakeStream(url, new Headers(init?.headers).get("authorization") ?? "", init?.signal ?? undefined);
    this.open.push(stream);
    stream.write(`id: ${this.#server.epoch}.${this.#server.head}\n\nretry: 2000\n\n`);
    return new Response(stream.body, { status: 200, headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
}

export class FakeStream {
  readonly url: URL;
  readonly token: string;
  readonly body: ReadableStream<Uint8Array>;
  isAborted = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;

  constructor(url: URL, authorization: string, signal: AbortSignal | undefined) {
    this.url = url;
    this.token = authorization.replace("Bearer ", "");
    this.body = new ReadableStream({ start: controller => { this.#controller = controller; } });
    signal?.addEventListener("abort", () => {
      this.isAborted = true;
      this.break();
    });
  }

  write(text: string): void {
    if (!this.#isOver) this.#controller.enqueue(new TextEncoder().encode(text));
  }

  push(event: AgentEvent): void {
    this.write(`id: ${event.position}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  comment(): void {
    this.write(":\n\n");
  }

  /** Ends in order, as a node does that goes away. */
  end(retryMs: number): void {
    this.write(`retry: ${retryMs}\n\n`);
    this.#isOver = true;
    this.#controller.close();
  }

  break(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(new TypeError("network error"));
  }
}
