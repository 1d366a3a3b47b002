import { describe, expect, it } from "vitest";
import { figuresOf, quantile, sliceCount } from "../../src/dashboard/step-figures";
import { step } from "../support/events";

const now = Date.UTC(2026, 10, 23, 3, 2, 0);

describe("figures of steps", () => {
  it("counts steps by slices of time, and per minute", () => {
    const events = [step(1), step(60, "r1", { status: "failed" }), step(90), step(119)];
    const { slices, windowMs, perMinute } = figuresOf(events, now);
    expect(windowMs).toBe(120_000);
    expect(slices).toHaveLength(sliceCount);
    expect(slices.reduce((sum, slice) => sum + slice.total, 0)).toBe(4);
    expect(slices.filter(slice => slice.failed > 0)).toHaveLength(1);
    expect(slices.at(-1)!.total).toBe(1);
    expect(perMinute).toBe(2);
  });

  it("widens the window until the newest steps are in it, and leaves older ones out", () => {
    const old = { ...step(1), time: "2026-11-22T23:00:00.000000Z" };
    expect(figuresOf([old, step(119)], now).windowMs).toBe(8 * 60 * 60_000);
    expect(figuresOf([{ ...old, time: "2026-10-01T00:00:00.000000Z" }, step(119)], now).windowMs).toBe(120_000);
    expect(figuresOf([], now).bars).toEqual([]);
  });

  it("shows the newest durations, oldest first, with median and 95th percentile", () => {
    const events = Array.from({ length: 100 }, (_, i) => step(i, "r1", { durationMs: i }));
    const { bars, median, p95 } = figuresOf(events, now);
    expect(bars).toHaveLength(64);
    expect([bars[0]!.durationMs, bars.at(-1)!.durationMs, median, p95]).toEqual([36, 99, 68, 96]);
    expect(quantile([], 0.5)).toBeUndefined();
    expect(quantile([7], 0.95)).toBe(7);
  });
});
