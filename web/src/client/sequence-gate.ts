import type { Position } from "./position";

/**
 * What to do with a received event:
 * - `deliver`: it is the next one;
 * - `drop`: it was handed over before;
 * - `hold`: something before it is missing;
 * - `foreign`: another epoch, which only the store can explain.
 */
export type Verdict = "deliver" | "drop" | "hold" | "foreign";

/** Pushed and recovered events pass here alike, so no path can skip or repeat one. */
export function judge(cursor: Position, received: Position): Verdict {
  if (received.epoch !== cursor.epoch) return "foreign";
  if (received.sequence <= cursor.sequence) return "drop";
  return received.sequence === cursor.sequence + 1 ? "deliver" : "hold";
}
