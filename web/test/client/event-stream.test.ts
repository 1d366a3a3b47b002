import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TokenPurpose } from "../../src/client";
import { EventStreamParser, type EventStreamBlock } from "../../src/client/event-stream-parser";
import { TransportChoice } from "../../src/client/transport-choice";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";
import { FakeStreams } from "../support/fake-streams";
import { jwt } from "../support/jwt";

beforeEach(useFakeTime);
let t: ClientUnderTest | undefined;
afterEach(async () => {
  await t?.client.stop();
  t = undefined;
  vi.useRealTimers();
});

function read(text: string, piece = text.length): EventStreamBlock[] {
  const parser = new EventStreamParser();
  const found: EventStreamBlock[] = [];
  for (let i = 0; i < text.length; i += piece) found.push(...parser.take(text.slice(i, i + piece)));
  return found;
}

describe("the parser", () => {
  it.each([1, 2, 3, 7, 1_000])("reads blocks out of pieces of %d characters, whatever ends the lines", piece => {
    for (const end of ["\n", "\r", "\r\n"]) {
      const text = [": hi", "", "id: k1.1", "event: a.b", "data: {", "data:  1", "data:}", "", "retry: 250", "", "retry: x", "", "data", "", "data: cut off"].join(end);
      expect(read(text, piece)).toEqual([
        { id: "k1.1", name: "a.b", data: "{\n 1\n}" }, { retryMs: 250 }, { data: "" },
      ]);
    }
  });

  it("refuses what is larger than any event", () => {
    const parser = new EventStreamParser();
    expect(() => { for (let i = 0; i < 40; i++) parser.take("x".repeat(65_536)); }).toThrow("larger");
  });
});

describe("the choice of the transport", () => {
  const fail = (choice: TransportChoice, times: number) => { for (let i = 0; i < times; i++) choice.failed("webSockets", true); };

  it("takes three failures in a row while the server answers for a blockade", () => {
    const choice = new TransportChoice("auto", () => 0.5);
    for (let i = 0; i < 9; i++) choice.failed("webSockets", false);
    fail(choice, 2);
    expect(choice.next).toBe("webSockets");
    choice.lasted("webSockets");
    fail(choice, 2);
    expect(choice.next).toBe("webSockets");
    fail(choice, 1);
    expect(choice.next).toBe("serverSentEvents");
  });

  it("tries WebSockets again after some minutes, and whenever the stream fails too", async () => {
    const choice = new TransportChoice("auto", () => 0.5);
    fail(choice, 3);
    expect(choice.trialInMs).toBe(300_000);
    await pass(299_999);
    choice.lasted("serverSentEvents");
    expect(choice.next).toBe("serverSentEvents");
    await pass(1);
    choice.lasted("serverSentEvents");
    expect(choice.next).toBe("webSockets");
    fail(choice, 1);
    expect(choice.next).toBe("serverSentEvents");
    choice.failed("serverSentEvents", true);
    expect(choice.next).toBe("webSockets");
  });

  it("does what it is told", () => {
    const choice = new TransportChoice("serverSentEvents", () => 0.5);
    choice.failed("serverSentEvents", true);
    expect(choice.next).toBe("serverSentEvents");
    expect(choice.trialInMs).toBeUndefined();
  });
});

describe("a client whose WebSockets are blocked", () => {
  /** A client that has just gone over to a stream. */
  async function blocked(options: ConstructorParameters<typeof ClientUnderTest>[0] = {}): Promise<{ t: ClientUnderTest; streams: FakeStreams }> {
    const made = new ClientUnderTest({ fetch: (input, init) => streams.fetch(input, init), ...options });
    const streams = new FakeStreams(made.server);
    made.server.refuseHandshake = true;
    t = made;
    made.client.start();
    await pass(3_000);
    return { t: made, streams };
  }

  it("goes on over server-sent events after three failures, and says so", async () => {
    const { t, streams } = await blocked();
    expect(t.server.links).toHaveLength(3);
    expect(t.client.state).toEqual({ name: "live", transport: "serverSentEvents" });
    expect(streams.open).toHaveLength(1);
    expect(streams.last.url.searchParams.get("user_id")).toBe("demo");
    expect(streams.last.url.href).not.toContain("token");
    expect(streams.last.token).toBe("token");
    for (let i = 0; i < 3; i++) streams.last.push(t.server.commit());
    await settle();
    expect(t.received).toEqual(["k1.1", "k1.2", "k1.3"]);
  });

  it("fetches what a stream leaves out", async () => {
    const { t, streams } = await blocked();
    t.server.commit();
    streams.last.push(t.server.commit());
    await pass(1_000);
    expect(t.received).toEqual(["k1.1", "k1.2"]);
  });

  it("returns when it is told to when the server ends a stream, and by its backoff when a stream breaks", async () => {
    const { t, streams } = await blocked();
    await pass(5_000);
    streams.last.end(200);
    await settle();
    expect(t.client.state).toMatchObject({ name: "reconnecting", reason: "server is going away" });
    t.server.commit();
    await pass(200);
    expect(streams.open).toHaveLength(2);
    expect(t.received).toEqual(["k1.1"]);
    await pass(11_000);
    streams.last.break();
    await settle();
    expect(t.client.state).toMatchObject({ name: "reconnecting", nextAttemptAt: Date.now() + 750 });
    await pass(750);
    expect(t.client.state.name).toBe("live");
    expect(streams.open).toHaveLength(3);
  });

  it("gives up a stream that is silent for longer than the server ever is", async () => {
    const { t, streams } = await blocked();
    await pass(40_000);
    streams.last.comment();
    await pass(40_000);
    expect(t.client.state.name).toBe("live");
    await pass(6_000);
    expect(streams.open.length).toBeGreaterThan(1);
  });

  it("renews its token by a second stream that takes over from the first", async () => {
    const purposes: TokenPurpose[] = [];
    const { t, streams } = await blocked({
      transport: "serverSentEvents", random: () => 0, accessTokenProvider: async p => { purposes.push(p); return jwt({ sub: "demo", exp: Date.now() / 1_000 + 100 }); },
    });
    const first = streams.last;
    streams.keepAlive();
    await pass(72_000);
    expect(purposes.filter(p => p === "renew")).toHaveLength(1);
    expect(streams.open).toHaveLength(2);
    expect(first.isAborted).toBe(true);
    streams.last.push(t.server.commit());
    await settle();
    expect(t.received).toEqual(["k1.1"]);
    expect(t.stateNames.filter(name => name === "reconnecting")).toEqual([]);
  });

  it("tries WebSockets again after some minutes, and is back when they are", async () => {
    const { t, streams } = await blocked();
    streams.keepAlive();
    await pass(310_000);
    expect(t.server.links).toHaveLength(4);
    expect(t.client.state).toEqual({ name: "live", transport: "serverSentEvents" });
    t.server.refuseHandshake = false;
    await pass(310_000);
    expect(t.server.links).toHaveLength(5);
    expect(t.client.state).toEqual({ name: "live" });
    t.server.publish();
    await settle();
    expect(t.received).toEqual(["k1.1"]);
  });

  it("gives up a request that is still being answered when it is stopped", async () => {
    let signal: AbortSignal | null | undefined;
    const { t, streams } = await blocked({
      transport: "serverSentEvents",
      fetch: async (input, init) => {
        if (!String(input).includes("/events/stream")) return await streams.fetch(input, init);
        signal = init?.signal;
        return await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))));
      },
    });
    expect(signal?.aborted).toBe(false);
    void t.client.stop();
    await settle();
    expect(signal?.aborted).toBe(true);
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
  });

  it("stays with WebSockets when it is told to", async () => {
    const { t, streams } = await blocked({ transport: "webSockets" });
    await pass(60_000);
    expect(streams.open).toHaveLength(0);
    expect(t.server.links.length).toBeGreaterThan(4);
  });

  it("does not ask a WebSocket at all when it is told to", async () => {
    const { t, streams } = await blocked({ transport: "serverSentEvents" });
    expect(t.server.links).toHaveLength(0);
    expect(streams.open).toHaveLength(1);
    expect(t.client.state.name).toBe("live");
  });
});
