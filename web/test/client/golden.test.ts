import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { backoffDelay } from "../../src/client/backoff";
import { readEvent, type PlacedEvent } from "../../src/client/events";
import { comparePositions, formatPosition, parsePosition, type Position } from "../../src/client/position";
import type { Place } from "../../src/client/sequence-gate";
import { sift, StreamMerge } from "../../src/client/stream-merge";

interface Step {
  readonly push?: string;
  readonly headHeard?: string;
  readonly page?: readonly string[];
  readonly head?: string;
  readonly lost?: boolean;
  readonly is?: string;
  readonly hands: readonly string[];
  readonly asks: string | null;
}

interface Golden {
  readonly merge: readonly { readonly name: string; readonly last: string; readonly since?: number; readonly steps: readonly Step[] }[];
  readonly positions: {
    readonly valid: readonly { readonly text: string; readonly epoch: string; readonly sequence: number }[];
    readonly invalid: readonly string[];
    readonly compared: readonly { readonly a: string; readonly b: string; readonly order: number | null }[];
  };
  readonly backoff: readonly { readonly n: number; readonly u: number; readonly jitter: number; readonly ms: number }[];
}

// The tests of the .NET client read the same file.
const golden = JSON.parse(readFileSync(new URL("../../../Realtime.Tests/Golden/gate-and-merge.json", import.meta.url), "utf8")) as Golden;

const timeOf = (micros: number) => `2026-11-23T03:00:00.${String(micros).padStart(6, "0")}Z`;

function eventOf(text: string): PlacedEvent {
  const [position, micros] = text.split("@");
  return readEvent({ type: "t", id: "i", position, time: timeOf(Number(micros)), data: text })!;
}

const textOf = (placed: PlacedEvent) => placed.event.data as string;

class MergeRun {
  readonly #merge = new StreamMerge(1_000);
  #last: Place;

  constructor(last: string, since?: number) {
    const [position, micros] = last.split("@");
    this.#last = {
      at: parsePosition(position)!,
      ...(micros !== undefined && { time: timeOf(Number(micros)) }),
      ...(since !== undefined && { since: timeOf(since) }),
    };
  }

  play(step: Step): Pick<Step, "is" | "hands" | "asks"> {
    const hands: string[] = [];
    const is = this.#hear(step, hands);
    for (let next = this.#merge.takeNext(this.#last); next !== undefined && next !== "stale"; next = this.#merge.takeNext(this.#last)) this.#hand(next, hands);
    const asks = this.#merge.isInDoubt || this.#merge.isBehind(this.#last) ? formatPosition(this.#last.at) : null;
    return { ...(is !== undefined && { is }), hands, asks };
  }

  #hear(step: Step, hands: string[]): string | undefined {
    if (step.push !== undefined) {
      const verdict = this.#merge.push(this.#last, eventOf(step.push));
      return verdict === "deliver" || verdict === "hold" ? "held" : verdict === "drop" ? "duplicate" : verdict;
    }
    if (step.headHeard !== undefined) return this.#merge.hear(this.#last, parsePosition(step.headHeard)!);
    if (step.page === undefined) {
      this.#merge.doubt();
      return undefined;
    }
    const events = sift(this.#last, step.page.map(eventOf));
    if (typeof events === "string") return "refused";
    for (const placed of events) this.#hand(placed, hands);
    return this.#merge.finish(this.#last, parsePosition(step.head) as Position);
  }

  #hand(placed: PlacedEvent, hands: string[]): void {
    hands.push(textOf(placed));
    this.#last = { at: placed.at, time: placed.event.time };
  }
}

describe("golden merge", () => {
  it.each(golden.merge)("$name", ({ last, since, steps }) => {
    const run = new MergeRun(last, since);
    expect(steps.map(step => run.play(step))).toEqual(
      steps.map(({ is, hands, asks }) => ({ ...(is !== undefined && { is }), hands, asks })));
  });
});

describe("golden positions", () => {
  it.each(golden.positions.valid)("reads and writes $text", ({ text, epoch, sequence }) => {
    expect(parsePosition(text)).toEqual({ epoch, sequence });
    expect(formatPosition({ epoch, sequence })).toBe(text);
  });

  it.each(golden.positions.invalid.map(text => ({ text })))("refuses \"$text\"", ({ text }) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it.each(golden.positions.compared)("compares $a with $b", ({ a, b, order }) => {
    const compared = comparePositions(parsePosition(a)!, parsePosition(b)!);
    expect(compared === undefined ? null : Math.sign(compared)).toBe(order);
  });
});

describe("golden backoff", () => {
  it.each(golden.backoff)("waits $ms ms for n = $n, u = $u, jitter $jitter", ({ n, u, jitter, ms }) => {
    expect(backoffDelay(n, u, jitter)).toBe(ms);
  });
});
