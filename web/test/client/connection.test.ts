import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccessTokenUnavailableError, type ConnectionState, type TokenPurpose } from "../../src/client";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await t.client.stop();
  vi.useRealTimers();
});

const wrongUser = { status: 403, body: { type: "urn:realtime:problem:wrong-user", title: "Not your stream" } };

/** The waits the client announced, in the order of the attempts. */
function waits(states: ConnectionState[]): number[] {
  const found: number[] = [];
  for (const state of states) {
    if ((state.name === "connecting" || state.name === "reconnecting") && state.nextAttemptAt !== undefined) {
      found.push(state.nextAttemptAt);
    }
  }
  return found;
}

describe("connecting", () => {
  it("opens a percent-encoded route below the server's URL", async () => {
    t = await new ClientUnderTest({ userId: "a|b@c", serverUrl: "https://realtime.example/base/" }).live();
    expect(t.server.link.url).toBe("https://realtime.example/base/api/v1/ws/agents/a%7Cb%40c");
  });

  it("retries the first connect like any other", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.restAnswer = "down";
    t.client.start();
    await pass(10_000);
    expect(t.server.links.length).toBeGreaterThan(2);
    expect(new Set(t.stateNames)).toEqual(new Set(["connecting"]));
    t.server.refuseHandshake = false;
    t.server.restAnswer = undefined;
    await pass(30_000);
    expect(t.client.state.name).toBe("live");
  });

  it("follows the backoff, never beyond 30 s, and says when it will try next", async () => {
    t = new ClientUnderTest({ random: () => 0 });
    t.server.refuseHandshake = true;
    t.server.restAnswer = "down";
    let attempts = 0;
    const begin = Date.now();
    t.client.start();
    await settle();
    for (const wait of [1, 2, 4, 8, 16, 30, 30]) {
      expect(t.server.links).toHaveLength(++attempts);
      await pass(wait * 1_000 - 1);
      expect(t.server.links).toHaveLength(attempts);
      await pass(1);
    }
    expect(waits(t.states).slice(0, 3).map(at => at - begin)).toEqual([1_000, 3_000, 7_000]);
  });

  it("leaves nothing behind of an attempt that failed", async () => {
    const listen = vi.spyOn(EventTarget.prototype, "addEventListener");
    const listeners = () => [...new Set(listen.mock.contexts)]
      .filter(target => target instanceof AbortSignal)
      .reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0);
    try {
      t = new ClientUnderTest();
      t.server.refuseHandshake = true;
      t.server.restAnswer = "down";
      t.client.start();
      await settle();
      const before = listeners();
      expect(before).toBeGreaterThan(0);
      await pass(120_000);
      expect(t.server.links.length).toBeGreaterThan(5);
      expect(listeners()).toBe(before);
    } finally {
      listen.mockRestore();
    }
  });

  it("starts the backoff over only after the connection was live for a while", async () => {
    t = await new ClientUnderTest({ random: () => 0 }).live();
    for (const expected of [1_000, 2_000, 4_000]) {
      t.server.link.drop();
      await settle();
      expect(waits(t.states).at(-1)! - Date.now()).toBe(expected);
      await pass(expected);
      expect(t.client.state.name).toBe("live");
    }
    await pass(10_000);
    t.server.link.drop();
    await settle();
    expect(waits(t.states).at(-1)! - Date.now()).toBe(1_000);
  });

  it("does not count the time away as time live", async () => {
    t = await new ClientUnderTest({ random: () => 0 }).live();
    await pass(8_000);
    t.server.refuseHandshake = true;
    t.server.restAnswer = "down";
    t.server.link.drop();
    await settle();
    for (const expected of [1_000, 2_000, 4_000, 8_000]) {
      expect(waits(t.states).at(-1)! - Date.now()).toBe(expected);
      await pass(expected);
    }
  });

  it("listens to a connection only until its end", async () => {
    t = await new ClientUnderTest().live();
    const old = t.server.link;
    old.drop();
    old.push(t.server.publish(false));
    await settle();
    expect(t.received).toEqual([]);
    await pass(1_000);
    expect(t.received).toEqual(["k1.1"]);
  });

  it("asks a connection that speaks nothing", async () => {
    t = await new ClientUnderTest().live();
    for (let i = 0; i < 12; i++) {
      await pass(10_000);
      t.server.publish();
    }
    await settle();
    expect(t.server.link.headQuestions).toBe(1);
    await pass(30_000);
    expect(t.server.link.headQuestions).toBe(2);
  });

  it("recovers what was missed, in order and once, and says how much it was", async () => {
    t = await new ClientUnderTest().live();
    t.server.publish();
    await settle();
    t.server.link.drop();
    t.server.commitMany(3);
    await pass(1_000);
    t.server.publish();
    await settle();
    expect(t.received).toEqual(["k1.1", "k1.2", "k1.3", "k1.4", "k1.5"]);
    expect(t.caughtUp).toEqual([{ missed: 0, isFirst: true }, { missed: 3, isFirst: false }]);
    expect(t.stateNames.slice(-4)).toEqual(["reconnecting", "reconnecting", "catchingUp", "live"]);
  });

  it("comes back after the time the server asks for, without backoff", async () => {
    t = await new ClientUnderTest().live();
    t.server.link.askToReconnect(250);
    await pass(249);
    expect(t.server.links).toHaveLength(1);
    expect(t.server.links[0]!.isStopped).toBe(true);
    expect(t.client.state).toMatchObject({ name: "reconnecting", reason: "server is going away", attempt: 0 });
    await pass(1);
    expect(t.server.links).toHaveLength(2);
    expect(t.client.state.name).toBe("live");
  });

  it("tries at once when it is told to", async () => {
    t = await new ClientUnderTest().live();
    t.server.link.drop();
    await settle();
    expect(t.server.links).toHaveLength(1);
    t.client.retryNow();
    await settle();
    expect(t.server.links).toHaveLength(2);
    expect(t.client.state.name).toBe("live");
  });

  it("keeps the connection while the store is away, and asks again", async () => {
    t = new ClientUnderTest();
    t.server.getHeadError = "An unexpected error occurred invoking 'GetHead' on the server. HubException: store_unavailable";
    t.client.start();
    await pass(3_000);
    expect(t.client.state).toEqual({ name: "catchingUp", reason: "event store not available" });
    t.server.getHeadError = undefined;
    await pass(5_000);
    expect(t.server.links).toHaveLength(1);
    expect(t.client.state.name).toBe("live");
  });

  it("reconnects when a silent connection does not answer", async () => {
    t = await new ClientUnderTest().live();
    t.server.getHeadError = "gone";
    await pass(45_000);
    expect(t.stateNames).toContain("reconnecting");
    t.server.getHeadError = undefined;
    await pass(60_000);
    expect(t.client.state.name).toBe("live");
  });

  it("gives a handshake that hangs 15 s", async () => {
    t = new ClientUnderTest({
      openLink: (url, token, events) => {
        const link = t.server.openLink(url, token, events);
        if (t.server.links.length === 1) link.start = () => new Promise(() => {});
        return link;
      },
    });
    t.client.start();
    await pass(14_999);
    expect(t.server.links).toHaveLength(1);
    await pass(1_001);
    expect(t.client.state.name).toBe("live");
  });

  it("goes on over HTTP while the socket is blocked", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.client.start();
    await settle();
    t.server.commitMany(2);
    await pass(5_000);
    expect(t.received).toEqual(["k1.1", "k1.2"]);
    expect(t.client.state).toMatchObject({ name: "connecting", reason: "live connection blocked, checking over HTTP meanwhile" });
  });
});

describe("refusals", () => {
  it("stops at a 403 that carries our problem type", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.restAnswer = wrongUser;
    t.client.start();
    await pass(60_000);
    expect(t.client.state).toMatchObject({ name: "stopped", reason: "wrongUser" });
    expect(t.server.links).toHaveLength(1);
  });

  it("does not stop at a proxy's 403", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.restAnswer = { status: 403 };
    t.client.start();
    await pass(5_000);
    expect(t.client.state).toMatchObject({ name: "connecting" });
    t.server.refuseHandshake = false;
    t.server.restAnswer = undefined;
    await pass(30_000);
    expect(t.client.state.name).toBe("live");
  });

  it("asks for another token after a 401, and for one on each attempt", async () => {
    const purposes: TokenPurpose[] = [];
    let number = 0;
    t = new ClientUnderTest({ accessTokenProvider: async purpose => { purposes.push(purpose); return `token${++number}`; } });
    t.server.refuseHandshake = true;
    t.server.restAnswer = { status: 401 };
    t.client.start();
    await pass(1_000);
    expect(purposes).toEqual(["connect", "rejected"]);
    expect(t.server.tokensSeen).toEqual(["token1", "token2"]);
    expect(t.server.requests.map(r => r.searchParams.get("limit"))).toEqual(["1", "1"]);
  });

  it("comes back with another token when its own was revoked, without a hot loop, and misses nothing", async () => {
    t = await new ClientUnderTest({
      accessTokenProvider: async purpose => {
        if (purpose !== "rejected") return "revoked";
        t.server.refuseHandshake = false;
        t.server.restAnswer = undefined;
        return "fresh";
      },
    }).live();
    t.server.refuseHandshake = true;
    t.server.restAnswer = { status: 401 };
    t.server.commitMany(2);
    t.server.link.drop();
    await pass(749);
    expect(t.server.tokensSeen).toEqual(["revoked"]);
    await pass(30_000);
    expect(t.server.tokensSeen).toEqual(["revoked", "revoked", "fresh"]);
    expect(t.client.state.name).toBe("live");
    expect(t.received).toEqual(["k1.1", "k1.2"]);
  });

  it("probes with the cursor once there is one", async () => {
    t = await new ClientUnderTest().live();
    const event = t.server.publish();
    await settle();
    t.server.refuseHandshake = true;
    t.server.link.drop();
    await pass(1_000);
    const probe = t.server.requests.at(-1)!;
    expect([probe.searchParams.get("after"), probe.searchParams.get("time"), probe.searchParams.get("limit")])
      .toEqual([event.position, event.time, "1"]);
  });

  it("keeps trying when the token provider fails, and stops when it has no token to give", async () => {
    let fail: Error | undefined = new Error("offline");
    t = new ClientUnderTest({ accessTokenProvider: async () => { if (fail) throw fail; return "token"; } });
    t.client.start();
    await pass(5_000);
    expect(t.client.state).toMatchObject({ name: "connecting", reason: "no access token" });
    fail = new AccessTokenUnavailableError("signed out");
    await pass(30_000);
    expect(t.client.state).toMatchObject({ name: "stopped", reason: "signInRequired" });
  });
});

describe("misuse and stop", () => {
  it("refuses a second start, and a start after the stop", async () => {
    t = await new ClientUnderTest().live();
    expect(() => t.client.start()).toThrow("started before");
    t = new ClientUnderTest();
    await t.client.stop();
    expect(() => t.client.start()).toThrow("stopped");
  });

  it("refuses a malformed start position at once", () => {
    t = new ClientUnderTest();
    expect(() => new ClientUnderTest({ startFrom: { from: "after", position: "42" } })).toThrow(TypeError);
  });

  it("waits for the running handler, then calls nobody any more", async () => {
    t = new ClientUnderTest();
    let done = false;
    t.client.onEvent(async () => {
      await new Promise(resolve => setTimeout(resolve, 100));
      done = true;
    });
    await t.live();
    t.server.publish();
    t.server.publish();
    await settle();
    const stopped = t.client.stop();
    await pass(100);
    await stopped;
    expect(done).toBe(true);
    expect(t.client.state).toEqual({ name: "stopped", reason: "requested" });
    t.server.link.push(t.server.publish(false));
    await pass(1_000);
    expect(t.received).toEqual(["k1.1"]);
    expect(t.server.link.isStopped).toBe(true);
  });

  it("can be stopped while it waits for the next attempt", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.restAnswer = "down";
    t.client.start();
    await settle();
    await t.client.stop();
    await pass(60_000);
    expect(t.server.links).toHaveLength(1);
  });
});
