import type { PlacedEvent } from "./events";
import { LiveBuffer } from "./live-buffer";
import { formatPosition, type Position } from "./position";
import { judge, type Place, type Verdict } from "./sequence-gate";

/** What a head that was heard means: nothing new, missing events, an old or a cut history, another epoch. */
export type HeadVerdict = "known" | "ahead" | "below" | "foreign";

/** After a page: nothing is missing, the server has more, it does not show what was heard of, or that is no longer believed. */
export type PageVerdict = "caughtUp" | "more" | "unconfirmed" | "dropped";

/** So many answers, each to a question asked after a position was heard of, disprove it. */
export const disprovedBy = 3;

/**
 * What is known of a stream beyond the last event processed: pushed events that wait, the greatest sequence heard of, and
 * whether something contradicts the history seen so far. Decides which event comes next; the twin of `StreamMerge` in C#.
 */
export class StreamMerge {
  readonly #held: LiveBuffer;
  #target: number | undefined;
  #isInDoubt = false;
  #unconfirmed = 0;
  #overtaken = 0;

  constructor(capacity: number) {
    this.#held = new LiveBuffer(capacity);
  }

  /** Only the server can tell whether the history still stands; until it has, no pushed event is the next one. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Answers in a row that did not show what was heard of. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** Pushed events that a page brought as well, since the start. */
  get overtaken(): number {
    return this.#overtaken;
  }

  isBehind(last: Place): boolean {
    return this.#target !== undefined && this.#target > last.at.sequence;
  }

  /** Whether the next event waits here. */
  hasNext(last: Place): boolean {
    return !this.#isInDoubt && this.#held.has(last.at.sequence + 1);
  }

  /** Something was lost on the way, or contradicts what was seen: the server must be asked first. */
  doubt(): void {
    this.#isInDoubt = true;
  }

  /** Takes a pushed event; keeps it when it may come next or later. */
  push(last: Place, pushed: PlacedEvent): Verdict {
    let verdict = judge(last.at, boundOf(last), pushed);
    if (verdict === "deliver" || verdict === "hold") {
      this.#raise(pushed.at.sequence);
      const other = this.#held.get(pushed.at.sequence);
      if (other === undefined || other.event.time === pushed.event.time) {
        this.#held.add(pushed);
        return verdict;
      }
      // Two events with one number.
      this.#held.clear();
      verdict = "rewritten";
    }
    if (verdict === "rewritten") this.doubt();
    return verdict;
  }

  hear(last: Place, head: Position): HeadVerdict {
    if (head.epoch !== last.at.epoch) return "foreign";
    if (head.sequence < last.at.sequence) return "below";
    if (head.sequence === last.at.sequence) return "known";
    this.#raise(head.sequence);
    return "ahead";
  }

  /**
   * The next event, if it is here and nothing speaks against it; "stale" when the one that waited belongs to a history that is
   * gone, and all that waited is then forgotten.
   */
  takeNext(last: Place): PlacedEvent | "stale" | undefined {
    // An event that was pushed while its number was being processed.
    const twin = this.#held.take(last.at.sequence);
    if (twin !== undefined && last.time !== undefined && twin.event.time > last.time) this.doubt();
    if (this.#isInDoubt) return undefined;
    const next = this.#held.take(last.at.sequence + 1);
    if (next === undefined || judge(last.at, boundOf(last), next) === "deliver") return next;
    this.#held.clear();
    return "stale";
  }

  /** A page has been handed over; its answer counts as the truth. */
  finish(last: Place, head: Position): PageVerdict {
    this.#isInDoubt = false;
    this.#overtaken += this.#held.discardThrough(last.at.sequence);
    if (head.epoch === last.at.epoch) this.#raise(head.sequence);
    if (!this.isBehind(last)) {
      this.#unconfirmed = 0;
      return "caughtUp";
    }
    if (head.sequence > last.at.sequence) return "more";
    if (++this.#unconfirmed < disprovedBy) return "unconfirmed";
    this.forget();
    return "dropped";
  }

  /** Forgets everything that was heard. */
  forget(): void {
    this.#held.clear();
    this.#target = undefined;
    this.#isInDoubt = false;
    this.#unconfirmed = 0;
  }

  #raise(sequence: number): void {
    if (this.#target !== undefined && this.#target >= sequence) return;
    this.#target = sequence;
    this.#unconfirmed = 0;
  }
}

/**
 * The events of a page that are to be handed over, or what is wrong with it: it is handed over as a whole or not at all. The last
 * event's own time counts, not one that was only asked for: the server decides what follows.
 */
export function sift(last: Place, events: readonly PlacedEvent[]): readonly PlacedEvent[] | string {
  const next: PlacedEvent[] = [];
  let { at, time } = last as { at: Position; time?: string | undefined };
  for (const placed of events) {
    const verdict = judge(at, time, placed);
    if (verdict === "drop") continue;
    if (verdict !== "deliver") {
      return `The page after ${formatPosition(last.at)} holds ${placed.event.position} behind ${formatPosition(at)}: ${verdict}.`;
    }
    next.push(placed);
    at = placed.at;
    time = placed.event.time;
  }
  return next;
}

function boundOf(last: Place): string | undefined {
  return last.time ?? last.since;
}
