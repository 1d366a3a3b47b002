import { describe, expect, it } from "vitest";
import { backoffDelay } from "../../src/client/backoff";
import { readClaims } from "../../src/client/access-token";
import { LocalStorageCursorStore } from "../../src/client/cursor-store";
import { readEvent } from "../../src/client/events";
import { LiveBuffer } from "../../src/client/live-buffer";
import { comparePositions, formatPosition, parsePosition } from "../../src/client/position";
import { defaultContinuation } from "../../src/client/recovery";
import { jwt } from "../support/jwt";

describe("position", () => {
  it("survives a round trip", () => {
    expect(formatPosition(parsePosition("k3f9.42")!)).toBe("k3f9.42");
    expect(parsePosition("k.9007199254740991")).toEqual({ epoch: "k", sequence: Number.MAX_SAFE_INTEGER });
  });

  it.each(["", "k3f9", "k3f9.", ".42", "k3f9.042", "k3f9.-1", "k3f9.4e2", "K3F9.42", "k3f9.9007199254740992", "k3f9.42 ",
    "abcdefghijklmnopq.1", "k.1.2", null, 42])("refuses %j", text => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it("is compared as a number, and only within an epoch", () => {
    expect(comparePositions(parsePosition("k.9")!, parsePosition("k.10")!)).toBeLessThan(0);
    expect(comparePositions(parsePosition("k.9")!, parsePosition("m.10")!)).toBeUndefined();
  });
});

describe("backoff", () => {
  it("follows 1, 2, 4, 8, 16, 30, 30 s without jitter", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1_000].map(n => backoffDelay(n, 0.7, 0))).toEqual(
      [1, 2, 4, 8, 16, 30, 30, 30].map(s => s * 1_000));
  });

  it("stays between half of the schedule and the schedule, the first attempt included", () => {
    for (let n = 0; n < 12; n++) {
      const ceiling = backoffDelay(n, 0, 0);
      for (const u of [0, 0.25, 0.5, 0.999999]) {
        expect(backoffDelay(n, u)).toBeLessThanOrEqual(ceiling);
        expect(backoffDelay(n, u)).toBeGreaterThan(ceiling / 2);
      }
      expect(backoffDelay(n, 0.5)).toBe(ceiling * 0.75);
    }
  });
});

describe("trace context", () => {
  const event = { type: "t", id: "i", position: "k.1", time: "z", data: 1 };
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  it("is handed to the application", () => {
    expect(readEvent({ ...event, traceparent })?.event).toEqual({ ...event, traceparent });
  });

  it.each([undefined, null, 7, {}, "00-1", traceparent.toUpperCase(), `${traceparent}0`])("counts as absent when it is %j", none => {
    expect(readEvent({ ...event, traceparent: none })?.event).toStrictEqual(event);
  });
});

describe("live buffer", () => {
  const placed = (sequence: number) => readEvent({ type: "t", id: "i", position: `k.${sequence}`, time: "z", data: 1 })!;

  it("refuses what does not fit, and has room again after a discard", () => {
    const buffer = new LiveBuffer(2);
    expect([buffer.add(placed(5)), buffer.add(placed(6)), buffer.add(placed(7))]).toEqual([true, true, false]);
    buffer.discardThrough(5);
    expect(buffer.has(5)).toBe(false);
    expect(buffer.add(placed(7))).toBe(true);
    expect(buffer.take(6)?.at.sequence).toBe(6);
    expect(buffer.size).toBe(1);
  });
});

describe("claims", () => {
  it("are read from a JWT, beyond ASCII too", () => {
    expect(readClaims(jwt({ sub: "zoë|1", exp: 99 }))).toEqual({ sub: "zoë|1", exp: 99 });
  });

  it.each(["", "abc", "a.b.c", "a.bm90IGpzb24.c"])("are undefined for %j", text => {
    expect(readClaims(text)).toBeUndefined();
  });
});

describe("continuation after a loss", () => {
  it("goes on from the oldest after trimming, else from the time of the last event", () => {
    const last = { position: "k.5", time: "2026-11-23T03:00:00.000005Z" };
    expect(defaultContinuation("trimmed", last)).toEqual({ from: "beginning" });
    for (const reason of ["epoch_changed", "forked", "ahead_of_head"] as const) {
      expect(defaultContinuation(reason, last)).toEqual({ from: "since", time: last.time });
    }
    expect(defaultContinuation("forked", { position: "k.0" })).toEqual({ from: "beginning" });
  });
});

describe("cursor in local storage", () => {
  it("belongs to one server and one user", async () => {
    const values = new Map<string, string>();
    const store = new LocalStorageCursorStore({ getItem: k => values.get(k) ?? null, setItem: (k, v) => void values.set(k, v) });
    const owner = { serverUrl: "https://a/", userId: "u" };
    await store.save(owner, { position: "k.3", id: "i", time: "t" });
    expect(await store.load(owner)).toEqual({ position: "k.3", id: "i", time: "t" });
    expect(await store.load({ ...owner, userId: "v" })).toBeUndefined();
    expect(await store.load({ ...owner, serverUrl: "https://b/" })).toBeUndefined();
  });
});
