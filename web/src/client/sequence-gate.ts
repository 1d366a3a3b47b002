import type { PlacedEvent } from "./events";
import type { Position } from "./position";

/** Where a client stands in its stream. */
export interface Place {
  readonly at: Position;
  /** Time of the event at `at`, when it was seen. */
  readonly time?: string;
  /** Without an event there: what is wanted is later than this. */
  readonly since?: string;
}

/**
 * What to do with a received event:
 * - `deliver`: it is the next one;
 * - `drop`: it was handed over before;
 * - `hold`: something before it is missing;
 * - `foreign`: another epoch, which only the store can explain;
 * - `rewritten`: it stands where we have been, but is later than what we saw: our history may have been rewritten;
 * - `stale`: it stands where we have not been, but is no later than what we saw: it belongs to a history that is gone.
 */
export type Verdict = "deliver" | "drop" | "hold" | "foreign" | "rewritten" | "stale";

/**
 * Pushed and recovered events pass here alike, so no path can skip or repeat one. Times rise with sequences, and a history that
 * replaces another is later than all of it: an event whose time contradicts its sequence never follows the last one.
 *
 * @param lastTime a time that every later event exceeds; times have one form, so they compare as text
 */
export function judge(last: Position, lastTime: string | undefined, { at, event }: PlacedEvent): Verdict {
  if (at.epoch !== last.epoch) return "foreign";
  if (at.sequence <= last.sequence) return lastTime !== undefined && event.time > lastTime ? "rewritten" : "drop";
  if (lastTime !== undefined && event.time <= lastTime) return "stale";
  return at.sequence === last.sequence + 1 ? "deliver" : "hold";
}
