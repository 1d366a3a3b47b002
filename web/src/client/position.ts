/** A place in one user's stream. Sequences are numbers and only comparable within one epoch. */
export interface Position {
  /** Names the history this position belongs to: 1 to 16 of `a-z` and `0-9`. */
  readonly epoch: string;
  /** Number of the event in its stream, from 1 to 2^53 - 1; 0 is the place before the first. */
  readonly sequence: number;
}

const shape = /^([a-z0-9]{1,16})\.(0|[1-9][0-9]{0,15})$/;

/**
 * Reads `"<epoch>.<sequence>"`, for example `"k3f9.42"`. Never throws.
 *
 * @returns undefined for anything else, leading zeros and values above 2^53 - 1 included
 */
export function parsePosition(text: unknown): Position | undefined {
  if (typeof text !== "string") return undefined;
  const match = shape.exec(text);
  if (match === null) return undefined;
  const sequence = Number(match[2]);
  return Number.isSafeInteger(sequence) ? { epoch: match[1]!, sequence } : undefined;
}

/** The wire form, `"<epoch>.<sequence>"`. Checks nothing. */
export function formatPosition(position: Position): string {
  return `${position.epoch}.${position.sequence}`;
}

/** Negative, zero or positive as numbers compare; undefined when the epochs differ, for then there is no order. */
export function comparePositions(a: Position, b: Position): number | undefined {
  return a.epoch === b.epoch ? a.sequence - b.sequence : undefined;
}
