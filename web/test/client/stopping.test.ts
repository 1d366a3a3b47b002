import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryCursorStore } from "../../src/client";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(() => vi.useRealTimers());

const never = <T>() => new Promise<T>(() => {});

/** Stops the client, and tells whether that has ended. */
function stopping(): () => boolean {
  let hasEnded = false;
  void t.client.stop().then(() => { hasEnded = true; });
  return () => hasEnded;
}

describe("a stop that a handler awaits", () => {
  it("does not wait for that handler, whose event is processed when it has finished", async () => {
    const store = new MemoryCursorStore();
    t = new ClientUnderTest({ cursorStore: store });
    const order: string[] = [];
    t.client.onEvent(async () => {
      await t.client.stop();
      order.push(`handler goes on while ${t.client.state.name}`);
    });
    t.client.onEvent(event => void order.push(`next handler of ${event.position}`));
    await t.live();
    t.server.publish();
    t.server.publish();
    await settle();
    expect(order).toEqual(["handler goes on while live", "next handler of k1.1"]);
    expect(t.server.link.isStopped).toBe(true);
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
    expect(await store.load({ serverUrl: "https://realtime.example/", userId: "demo" })).toMatchObject({ position: "k1.1" });
    expect(t.received).toEqual(["k1.1"]);
  });

  it("gives the handler up after 2 s when nobody can tell that it was the caller", async () => {
    t = new ClientUnderTest();
    let isDone = false;
    t.client.onEvent(async () => {
      await Promise.resolve();
      await t.client.stop();
      isDone = true;
    });
    await t.live();
    t.server.publish();
    await pass(1_999);
    expect(isDone).toBe(false);
    await pass(1);
    expect(isDone).toBe(true);
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
    expect(t.client.cursor?.position).toBe("k1.0");
  });
});

describe("a stop", () => {
  it("gives a handler 2 s; one that takes longer passes nothing, and nobody is called afterwards", async () => {
    const store = new MemoryCursorStore();
    let release = () => {};
    let calls = 0;
    t = new ClientUnderTest({ cursorStore: store });
    t.client.onEvent(() => new Promise<void>(resolve => { release = resolve; }));
    t.client.onEvent(() => void calls++);
    await t.live();
    t.server.publish();
    await settle();
    const hasStopped = stopping();
    await pass(1_999);
    expect(hasStopped()).toBe(false);
    await pass(1);
    expect(hasStopped()).toBe(true);
    const told = [t.states.length, t.caughtUp.length, t.problems.length];
    release();
    await pass(10_000);
    expect(calls).toBe(0);
    expect([t.states.length, t.caughtUp.length, t.problems.length]).toEqual(told);
    expect(await store.load({ serverUrl: "https://realtime.example/", userId: "demo" })).toMatchObject({ position: "k1.0" });
  });

  it("does not park what fails after it was given up", async () => {
    let fail = () => {};
    const parked: unknown[] = [];
    t = new ClientUnderTest({ handlerAttempts: 1, handlerFailure: "park", onParked: p => parked.push(p) });
    t.client.onEvent(() => new Promise<void>((_, reject) => { fail = () => reject(new Error("late")); }));
    await t.live();
    t.server.publish();
    await settle();
    const hasStopped = stopping();
    await pass(2_000);
    expect(hasStopped()).toBe(true);
    fail();
    await settle();
    expect(parked).toEqual([]);
    expect(t.client.cursor?.position).toBe("k1.0");
  });

  it("does not wait for ever for a cursor store that hangs", async () => {
    const store = new MemoryCursorStore();
    t = await new ClientUnderTest({ cursorStore: { load: o => store.load(o), save: (o, c) => (c.position === "k1.0" ? store.save(o, c) : never()) } }).live();
    t.server.publish();
    await settle();
    const hasStopped = stopping();
    await pass(2_000);
    expect(hasStopped()).toBe(true);
  });

  it("does not wait for ever for a connection that cannot be closed", async () => {
    t = await new ClientUnderTest({ fetch: () => never(), startFrom: { from: "after", position: "k1.0" } }).live();
    t.server.refuseHandshake = true;
    t.server.link.drop();
    await pass(1_000);
    const hasStopped = stopping();
    await pass(2_000);
    expect(hasStopped()).toBe(true);
  });
});
