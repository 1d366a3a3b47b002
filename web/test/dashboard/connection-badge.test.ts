// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awayText, ConnectionBadge } from "../../src/dashboard/connection-badge";
import { formatDuration } from "../../src/dashboard/format";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe("connection badge", () => {
  const make = () => {
    const retry = vi.fn();
    const badge = new ConnectionBadge(retry);
    const countdown = badge.badge.querySelector<HTMLElement>("[data-testid=countdown]")!;
    return { badge, retry, countdown };
  };

  it("counts down to the next attempt, and stops when it is made", () => {
    const { badge, countdown } = make();
    badge.show({ name: "reconnecting", attempt: 1, reason: "connection lost", nextAttemptAt: Date.now() + 2_500 });
    expect([countdown.hidden, countdown.textContent]).toEqual([false, "3 s"]);
    vi.advanceTimersByTime(1_000);
    expect(countdown.textContent).toBe("2 s");
    vi.advanceTimersByTime(5_000);
    expect(countdown.textContent).toBe("0 s");
    badge.show({ name: "reconnecting", attempt: 1 });
    expect(countdown.hidden).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["connecting", { name: "connecting", attempt: 0 }],
    ["catching-up", { name: "catchingUp" }],
    ["live", { name: "live" }],
    ["stopped", { name: "stopped", reason: "wrongUser" }],
  ] as const)("says %s", (state, shown) => {
    const { badge } = make();
    badge.show(shown);
    expect(badge.badge.dataset.state).toBe(state);
  });

  it("explains a stop, and offers an attempt only while one is awaited", () => {
    const { badge, retry } = make();
    const button = badge.notice.querySelector<HTMLElement>("button")!;
    badge.show({ name: "stopped", reason: "wrongUser" });
    expect(badge.notice.textContent).toContain("another user");
    expect(button.hidden).toBe(true);
    badge.show({ name: "reconnecting", attempt: 0, nextAttemptAt: Date.now() + 1_000 });
    expect(button.hidden).toBe(false);
    button.click();
    expect(retry).toHaveBeenCalledOnce();
  });
});

describe("durations", () => {
  it.each([[0.4, "0 ms"], [999, "999 ms"], [1_000, "1.0 s"], [59_940, "59.9 s"], [59_960, "1 min 0 s"], [119_700, "2 min 0 s"], [3_600_000, "1 h 0 min"]])(
    "%d ms reads %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("tells how much was missed", () => {
    expect(awayText(1, 4_000)).toBe("You missed 1 event while away (4.0 s)");
    expect(awayText(1_200, 61_000)).toBe("You missed 1,200 events while away (1 min 1 s)");
  });
});
