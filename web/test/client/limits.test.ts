import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { respectRetryAfter } from "../../src/client/backoff";
import { RestError } from "../../src/client/rest-api";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest | undefined;
afterEach(async () => {
  await t?.client.stop();
  t = undefined;
  vi.useRealTimers();
});

describe("a server that limits", () => {
  it("is not asked again before the time it names, and then lets in", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.hubAnswer = { status: 429, retryAfter: "20" };
    t.client.start();
    await settle();
    expect(t.client.state).toMatchObject({ name: "connecting", reason: "server asks to come back later" });
    await pass(20_000);
    expect(t.server.links).toHaveLength(1);
    t.server.refuseHandshake = false;
    await pass(1_000);
    expect(t.client.state.name).toBe("live");
  });

  it("is believed when it refuses REST too", async () => {
    t = new ClientUnderTest();
    t.server.refuseHandshake = true;
    t.server.restAnswer = { status: 429, retryAfter: new Date(Date.now() + 20_000).toUTCString() };
    t.client.start();
    await pass(20_000);
    expect(t.server.links).toHaveLength(1);
    await pass(1_000);
    expect(t.server.links).toHaveLength(2);
  });

  it("delays what was missed, and loses nothing of it", async () => {
    t = await new ClientUnderTest().live();
    t.server.restAnswer = { status: 429, retryAfter: "10" };
    const before = t.server.requests.length;
    t.server.commitMany(3);
    t.server.link.announceHead();
    await pass(10_000);
    expect(t.server.requests).toHaveLength(before + 1);
    t.server.restAnswer = undefined;
    await pass(1_000);
    expect(t.received).toEqual(["k1.1", "k1.2", "k1.3"]);
  });

  it("keeps a connection whose calls it refuses", async () => {
    t = new ClientUnderTest();
    t.server.getHeadError = "An unexpected error: too_many_calls";
    t.client.start();
    await settle();
    t.server.getHeadError = undefined;
    await pass(1_000);
    expect(t.client.state.name).toBe("live");
    expect(t.server.links).toHaveLength(1);
  });

  it("is never awaited for longer than two minutes", () => {
    expect(respectRetryAfter(500, new RestError("", 429, undefined, 86_400_000), 0)).toBe(120_000);
    expect(respectRetryAfter(500, new RestError("", 429, undefined, 4_000), 0.5)).toBe(4_500);
    expect(respectRetryAfter(8_000, new RestError("", 429, undefined, 4_000), 0.5)).toBe(8_000);
    expect(respectRetryAfter(500, new Error("no answer"), 0.5)).toBe(500);
  });
});
