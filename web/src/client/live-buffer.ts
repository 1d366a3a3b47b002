import type { PlacedEvent } from "./events";

/**
 * Pushed events that wait for their turn, by sequence. Bounded: what does not fit is refused,
 * and comes from the store later.
 */
export class LiveBuffer {
  readonly #events = new Map<number, PlacedEvent>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#events.size;
  }

  has(sequence: number): boolean {
    return this.#events.has(sequence);
  }

  get(sequence: number): PlacedEvent | undefined {
    return this.#events.get(sequence);
  }

  /** False when full. */
  add(placed: PlacedEvent): boolean {
    const sequence = placed.at.sequence;
    if (this.#events.size >= this.#capacity && !this.#events.has(sequence)) return false;
    this.#events.set(sequence, placed);
    return true;
  }

  take(sequence: number): PlacedEvent | undefined {
    const placed = this.#events.get(sequence);
    this.#events.delete(sequence);
    return placed;
  }

  /** Forgets what a recovered page has overtaken, and says how many that were. */
  discardThrough(sequence: number): number {
    let discarded = 0;
    for (const held of this.#events.keys()) {
      if (held <= sequence && this.#events.delete(held)) discarded++;
    }
    return discarded;
  }

  clear(): void {
    this.#events.clear();
  }
}
