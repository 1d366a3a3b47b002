import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryCursorStore } from "../../src/client";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await t.client.stop();
  vi.useRealTimers();
});

const positions = (from: number, to: number, epoch = "k1") =>
  Array.from({ length: to - from + 1 }, (_, i) => `${epoch}.${from + i}`);

describe("delivery", () => {
  it("hands over pushed events in order, starting at the head", async () => {
    t = new ClientUnderTest();
    t.server.commitMany(3);
    await t.live();
    t.server.publish();
    t.server.publish();
    await settle();
    expect(t.received).toEqual(["k1.4", "k1.5"]);
    expect(t.stateNames).toEqual(["connecting", "catchingUp", "live"]);
  });

  it("drops duplicates", async () => {
    t = await new ClientUnderTest().live();
    const event = t.server.publish();
    t.server.link.push(event);
    await settle();
    t.server.link.push(event);
    await settle();
    expect(t.received).toEqual(["k1.1"]);
    expect(t.client.metrics.duplicatesDropped).toBe(1);
  });

  it("recovers a gap, and delivers what was held behind it in order and once", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    t.server.publish(false);
    t.server.publish();
    t.server.publish();
    await settle();
    expect(t.received).toEqual(["k1.1"]);
    await pass(150);
    expect(t.received).toEqual(positions(1, 4));
    expect(t.client.state.name).toBe("live");
    expect(t.client.metrics).toEqual({ delivered: 4, gapsHealed: 1, duplicatesDropped: 2 });
  });

  it("counts as healed what was missed while away, and not what waited at the start", async () => {
    t = new ClientUnderTest({ startFrom: { from: "beginning" } });
    t.server.commitMany(3);
    await t.live();
    expect(t.client.metrics).toEqual({ delivered: 3, gapsHealed: 0, duplicatesDropped: 0 });
    t.server.link.drop();
    t.server.publish(false);
    await pass(2_000);
    expect(t.received).toEqual(positions(1, 4));
    expect(t.client.metrics).toEqual({ delivered: 4, gapsHealed: 1, duplicatesDropped: 0 });
  });

  it("holds a gap for 50 to 150 ms, and fetches nothing when the missing event arrives meanwhile", async () => {
    t = await new ClientUnderTest().live();
    const late = t.server.publish(false);
    t.server.publish();
    const before = t.server.requests.length;
    await pass(49);
    expect(t.server.requests.length).toBe(before);
    t.server.link.push(late);
    await pass(1_000);
    expect(t.received).toEqual(positions(1, 2));
    expect(t.server.requests.length).toBe(before);
  });

  it("repairs a tail gap when the head is announced", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish(false);
    await pass(1_000);
    expect(t.received).toEqual([]);
    t.server.link.announceHead();
    await pass(150);
    expect(t.received).toEqual(["k1.1"]);
  });

  it("repairs a tail gap by itself after a silence", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish(false);
    await pass(45_000);
    expect(t.received).toEqual(["k1.1"]);
  });

  it("retries a failed recovery until the cursor reaches the head that was heard", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish(false);
    t.server.restAnswer = { status: 503 };
    t.server.link.announceHead();
    await pass(5_000);
    expect(t.received).toEqual([]);
    expect(t.client.state.name).toBe("catchingUp");
    t.server.restAnswer = undefined;
    await pass(10_000);
    expect(t.received).toEqual(["k1.1"]);
    expect(t.client.state.name).toBe("live");
  });

  it("pages through a long absence", async () => {
    const cursorStore = new MemoryCursorStore();
    await cursorStore.save({ serverUrl: "https://realtime.example/", userId: "demo" }, { position: "k1.1" });
    t = new ClientUnderTest({ cursorStore });
    t.server.commitMany(1_300);
    await t.live();
    expect(t.received).toEqual(positions(2, 1_300));
    expect(t.caughtUp).toEqual([{ missed: 1_299, isFirst: true }]);
  });

  it("reads from the store what did not fit into the buffer behind a slow handler", async () => {
    let release = () => {};
    const gate = new Promise<void>(resolve => { release = resolve; });
    t = new ClientUnderTest({ bufferCapacity: 10 });
    t.client.onEvent(() => gate);
    await t.live();
    for (let i = 0; i < 50; i++) t.server.publish();
    await settle();
    release();
    await pass(500);
    expect(t.received).toEqual(positions(1, 50));
  });

  it("never overlaps handlers, and moves the cursor only after them", async () => {
    const cursorStore = new MemoryCursorStore();
    t = new ClientUnderTest({ cursorStore });
    let running = 0;
    const seen: string[] = [];
    t.client.onEvent(async event => {
      expect(++running).toBe(1);
      await new Promise(resolve => setTimeout(resolve, 20));
      seen.push(`${event.position} after ${t.client.cursor?.position}`);
      running--;
    });
    await t.live();
    t.server.publish();
    t.server.publish();
    t.server.publish();
    await pass(100);
    expect(seen).toEqual(["k1.1 after k1.0", "k1.2 after k1.1", "k1.3 after k1.2"]);
    expect(await cursorStore.load({ serverUrl: "https://realtime.example/", userId: "demo" })).toMatchObject({ position: "k1.3", id: "id-k1-3" });
  });

  it("is not reordered by the backlog of an old connection", async () => {
    t = await new ClientUnderTest().live();
    const old = t.server.link;
    const first = t.server.publish(false);
    const second = t.server.publish(false);
    old.drop();
    await pass(1_000);
    t.server.publish();
    old.push(first);
    old.push(second);
    await pass(200);
    expect(t.server.links).toHaveLength(2);
    expect(t.received).toEqual(positions(1, 3));
  });

  it("does not lose what is pushed while the start position is still looked up", async () => {
    let found = () => {};
    t = new ClientUnderTest({
      startFrom: () => new Promise(resolve => { found = () => resolve({ from: "after", position: "k1.0" }); }),
    });
    t.client.start();
    await settle();
    t.server.publish();
    found();
    await settle();
    expect(t.received).toEqual(["k1.1"]);
  });

  it("saves the start position before anything is delivered", async () => {
    const cursorStore = new MemoryCursorStore();
    t = new ClientUnderTest({ cursorStore });
    t.server.commitMany(3);
    await t.live();
    expect(await cursorStore.load({ serverUrl: "https://realtime.example/", userId: "demo" })).toMatchObject({ position: "k1.3", id: "id-k1-3" });
  });

  it("delivers nothing of a page with a hole, and asks again", async () => {
    t = await new ClientUnderTest().live();
    t.server.commitMany(3);
    const [first, , third] = t.server.events;
    t.server.restAnswer = {
      status: 200,
      body: { events: [first, third], next: "k1.3", head: "k1.3", oldest: "k1.1", hasMore: false, truncated: false },
    };
    t.server.link.announceHead();
    await pass(150);
    expect(t.received).toEqual([]);
    expect(String(t.problems[0])).toContain("k1.3 behind k1.1");
    t.server.restAnswer = undefined;
    await pass(1_000);
    expect(t.received).toEqual(positions(1, 3));
  });

  it("does not let a new connection wait for the backoff of a failed recovery", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish(false);
    t.server.restAnswer = { status: 503 };
    t.server.link.announceHead();
    await pass(60_000);
    const asked = t.server.requests.length;
    t.server.restAnswer = undefined;
    t.server.link.drop();
    await pass(1_000);
    expect(t.received).toEqual(["k1.1"]);
    expect(t.server.requests.length).toBe(asked + 1);
  });

  it("hands over unknown types, to handlers of every type and of that name", async () => {
    t = new ClientUnderTest();
    const named: unknown[] = [];
    t.client.on<{ a: number }>("somebody.elses", event => void named.push(event.data.a));
    t.client.on("agent.brake_changed", () => { throw new Error("not for this handler"); });
    await t.live();
    t.server.publish(true, "somebody.elses", { a: 7 });
    await settle();
    expect(t.received).toEqual(["k1.1"]);
    expect(named).toEqual([7]);
  });

  it("reads a push without a valid envelope from the store instead of skipping it", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish(false);
    t.server.link.push({ position: "nonsense" });
    await pass(150);
    expect(t.received).toEqual(["k1.1"]);
    expect(t.problems).toHaveLength(1);
  });

  it("retries a failing handler, then parks the event and reports it, and repeats no handler that completed", async () => {
    const parked: string[] = [];
    t = new ClientUnderTest({ handlerAttempts: 3, handlerFailure: "park", onParked: p => parked.push(`${p.event.position} after ${p.attempts}: ${String(p.error)}`) });
    let attempts = 0;
    t.client.onEvent(event => {
      if (event.position !== "k1.1") return;
      attempts++;
      throw new Error("no");
    });
    await t.live();
    t.server.publish();
    t.server.publish();
    await pass(1_000);
    expect(t.client.cursor?.position).toBe("k1.0");
    await pass(5_000);
    expect(attempts).toBe(3);
    expect(parked).toEqual(["k1.1 after 3: Error: no"]);
    expect(t.received).toEqual(positions(1, 2));
    expect(t.client.cursor?.position).toBe("k1.2");
  });
});

describe("a stop while a handler is retried", () => {
  it("leaves the cursor in front of the event", async () => {
    const parked: unknown[] = [];
    t = new ClientUnderTest({ handlerAttempts: 3, handlerFailure: "park", onParked: p => parked.push(p) });
    t.client.onEvent(() => { throw new Error("no"); });
    await t.live();
    t.server.publish();
    await settle();
    await t.client.stop();
    await pass(10_000);
    expect(t.client.cursor?.position).toBe("k1.0");
    expect(parked).toEqual([]);
  });
});

describe("lost history", () => {
  it("takes the held events of the old history with it", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    t.server.publish();
    await settle();
    t.server.commitMany(2);
    t.server.publish();
    t.server.replaceHistory("k2");
    t.server.commitMany(4);
    t.server.link.announceHead();
    await pass(500);
    expect(t.received).toEqual(["k1.1", "k1.2", ...positions(1, 4, "k2")]);
    expect(t.lost).toHaveLength(1);
  });

  it("is told, and goes on from the oldest, when events were trimmed", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    await settle();
    t.server.link.drop();
    t.server.commitMany(9);
    t.server.oldest = 5;
    await pass(1_000);
    expect(t.lost).toEqual([{ reason: "trimmed", head: "k1.10", oldest: "k1.5", lastProcessed: "k1.1" }]);
    expect(t.received).toEqual(["k1.1", ...positions(5, 10)]);
    expect(t.client.state.name).toBe("live");
  });

  it("goes on from the time of the last event when the epoch changed", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    t.server.publish();
    await settle();
    t.server.replaceHistory("k2");
    t.server.commit();
    t.server.link.announceHead();
    await pass(200);
    expect(t.lost.map(l => l.reason)).toEqual(["epoch_changed"]);
    expect(t.received).toEqual(["k1.1", "k1.2", "k2.1"]);
    t.server.publish();
    await settle();
    expect(t.received.at(-1)).toBe("k2.2");
  });

  it("is not declared by a foreign position that the store does not confirm", async () => {
    t = await new ClientUnderTest().live();
    t.server.link.announceHead(99, "zz");
    await pass(500);
    expect(t.lost).toEqual([]);
    expect(t.client.state.name).toBe("live");
    t.server.publish();
    await settle();
    expect(t.received).toEqual(["k1.1"]);
  });

  it("is noticed from an old sequence with a newer time", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    t.server.publish();
    await settle();
    t.server.events.length = 1;
    t.server.publish();
    await pass(200);
    expect(t.lost.map(l => l.reason)).toEqual(["forked"]);
    expect(t.received).toEqual(["k1.1", "k1.2", "k1.2"]);
    expect(t.client.state.name).toBe("live");
  });

  it("is noticed at connect from a head below the cursor", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    t.server.publish();
    await settle();
    t.server.events.length = 1;
    t.server.link.drop();
    await pass(1_000);
    expect(t.lost.map(l => l.reason)).toEqual(["ahead_of_head"]);
    expect(t.client.cursor?.position).toBe("k1.1");
  });
});
