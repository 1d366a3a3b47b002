import type { AgentEvent } from "../client";
import { stepOf, type Status } from "./feed-filter";

/** One bar of the duration chart. */
export interface StepBar {
  readonly position: string;
  readonly name: string;
  readonly status: Status | "other";
  readonly durationMs: number;
}

/** Steps of one slice of time. */
export interface RateSlice {
  readonly total: number;
  readonly failed: number;
}

export interface StepFigures {
  readonly bars: readonly StepBar[];
  readonly median: number | undefined;
  readonly p95: number | undefined;
  readonly slices: readonly RateSlice[];
  /** How far back the slices reach. */
  readonly windowMs: number;
  /** Steps per minute at the end of the window. */
  readonly perMinute: number;
}

export const sliceCount = 48;
const barCount = 64;
const minute = 60_000;
const windows = [2 * minute, 8 * minute, 24 * minute, 96 * minute, 8 * 60 * minute, 24 * 60 * minute];
/** A window is widened until it shows so many of the newest steps. */
const shownInWindow = 40;

/** What the charts draw: the newest steps, and how many there were over the time they cover. */
export function figuresOf(events: readonly AgentEvent[], nowMs: number): StepFigures {
  const bars: StepBar[] = [];
  const times: { at: number; isFailed: boolean }[] = [];
  const oldest = nowMs - windows.at(-1)!;
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    const step = stepOf(event);
    if (step === undefined) continue;
    if (bars.length < barCount && typeof step.durationMs === "number") bars.push(barOf(event, step.status, step.stepName, step.durationMs));
    const at = Date.parse(event.time);
    if (at < oldest) break;
    times.push({ at, isFailed: step.status === "failed" });
  }
  const durations = bars.map(bar => bar.durationMs).sort((a, b) => a - b);
  const windowMs = windowFor(times.slice(0, shownInWindow).at(-1)?.at, nowMs);
  const recentMs = Math.min(windowMs, 2 * minute);
  const recent = times.filter(({ at }) => at > nowMs - recentMs).length;
  return {
    bars: bars.reverse(),
    median: quantile(durations, 0.5),
    p95: quantile(durations, 0.95),
    slices: sliced(times, nowMs, windowMs),
    windowMs,
    perMinute: recent / (recentMs / minute),
  };
}

export function quantile(sorted: readonly number[], q: number): number | undefined {
  return sorted.length === 0 ? undefined : sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)];
}

function barOf(event: AgentEvent, status: unknown, name: unknown, durationMs: number): StepBar {
  return {
    position: event.position, name: String(name), durationMs,
    status: status === "succeeded" || status === "failed" || status === "skipped" ? status : "other",
  };
}

function windowFor(oldest: number | undefined, nowMs: number): number {
  return oldest === undefined ? windows[0]! : windows.find(ms => nowMs - oldest <= ms) ?? windows.at(-1)!;
}

function sliced(times: readonly { at: number; isFailed: boolean }[], nowMs: number, windowMs: number): RateSlice[] {
  const sliceMs = windowMs / sliceCount;
  // On whole slices of the clock, or every second would move every bar.
  const end = Math.ceil(nowMs / sliceMs) * sliceMs;
  const slices = Array.from({ length: sliceCount }, () => ({ total: 0, failed: 0 }));
  for (const { at, isFailed } of times) {
    const slice = slices[sliceCount - 1 - Math.floor((end - at) / sliceMs)];
    if (slice === undefined) continue;
    slice.total++;
    if (isFailed) slice.failed++;
  }
  return slices;
}
