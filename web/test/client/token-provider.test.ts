import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serverCursor, type TokenPurpose } from "../../src/client";
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

describe("a token provider that never answers", () => {
  it("does not hold up a stop while a connection waits for it", async () => {
    t = new ClientUnderTest({ accessTokenProvider: () => never() });
    t.client.start();
    await settle();
    const hasStopped = stopping();
    await settle();
    expect(hasStopped()).toBe(true);
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
    expect(t.problems).toEqual([]);
  });

  it("does not hold up a stop while a request waits for it", async () => {
    const asked: TokenPurpose[] = [];
    t = new ClientUnderTest({
      startFrom: { from: "after", position: "k1.0" },
      accessTokenProvider: purpose => { asked.push(purpose); return purpose === "connect" ? Promise.resolve("token") : never(); },
    });
    await t.live();
    t.server.publish(false);
    t.server.link.announceHead();
    await pass(150);
    expect(asked).toEqual(["connect", "request"]);
    const hasStopped = stopping();
    await settle();
    expect(hasStopped()).toBe(true);
    expect(t.problems).toEqual([]);
  });

  it("does not hold up a stop for long while the cursor on the server waits for it", async () => {
    let isHanging = false;
    t = await new ClientUnderTest({ cursorStore: serverCursor("page"), accessTokenProvider: () => (isHanging ? never() : Promise.resolve("token")) }).live();
    isHanging = true;
    t.server.publish();
    await pass(1_000);
    expect(t.received).toEqual(["k1.1"]);
    const hasStopped = stopping();
    await pass(4_000);
    expect(hasStopped()).toBe(true);
    expect(String(t.problems)).toContain("Saving the cursor");
  });

  it("may stop the client itself, and wait for it", async () => {
    t = new ClientUnderTest({ accessTokenProvider: async () => { await Promise.resolve(); await t.client.stop(); return "token"; } });
    t.client.start();
    await settle();
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
  });

  it("is given up after 15 s for a connection, and asked again", async () => {
    let asked = 0;
    t = new ClientUnderTest({ accessTokenProvider: () => (++asked === 1 ? never() : Promise.resolve("token")) });
    t.client.start();
    await pass(14_999);
    expect(t.client.state).toEqual({ name: "connecting", attempt: 0 });
    await pass(1);
    expect(t.client.state).toMatchObject({ name: "connecting", reason: "no access token" });
    expect(String(t.problems)).toContain("15000 ms");
    await pass(1_000);
    expect(t.client.state.name).toBe("live");
    await t.client.stop();
  });

  it("is given up after 10 s for a request, and asked again", async () => {
    let requests = 0;
    t = new ClientUnderTest({
      startFrom: { from: "after", position: "k1.0" },
      accessTokenProvider: purpose => (purpose === "request" && ++requests === 1 ? never() : Promise.resolve("token")),
    });
    await t.live();
    t.server.publish(false);
    t.server.link.announceHead();
    await pass(10_000);
    expect(t.received).toEqual([]);
    await pass(2_000);
    expect(String(t.problems)).toContain("10000 ms");
    expect(t.received).toEqual(["k1.1"]);
    await t.client.stop();
  });
});

describe("a token provider that has no token", () => {
  it.each(["", undefined, null])("is a failure before anything is sent (%j)", async nothing => {
    let asked = 0;
    t = new ClientUnderTest({ accessTokenProvider: async () => (++asked === 1 ? (nothing as string) : "token") });
    t.client.start();
    await settle();
    expect(t.server.links).toHaveLength(0);
    expect(t.client.state).toMatchObject({ name: "connecting", reason: "no access token" });
    expect(String(t.problems)).toContain("returned no token");
    await pass(1_000);
    expect(t.client.state.name).toBe("live");
    await t.client.stop();
  });
});
