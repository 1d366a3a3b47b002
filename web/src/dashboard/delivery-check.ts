import { parsePosition, type Position } from "../client";

/**
 * Counts for itself what should have come and did not: sequences have no holes, so a jump between two events that were
 * handed over is a loss. It knows nothing of how the client works, or it could not disagree with it.
 */
export class DeliveryCheck {
  #last: Position | undefined;
  #lost = 0;
  #wrong = 0;

  /** Events that were passed over. */
  get lost(): number {
    return this.#lost;
  }

  /** Events that came twice or too early. */
  get wrong(): number {
    return this.#wrong;
  }

  /** The page begins after this event. */
  begin(position: string): void {
    this.#last = parsePosition(position);
  }

  /** Another epoch begins anew: what was lost with the old one, the client has said. */
  see(position: string): void {
    const at = parsePosition(position);
    if (at === undefined) return;
    if (this.#last?.epoch === at.epoch) {
      const missing = at.sequence - this.#last.sequence - 1;
      if (missing > 0) this.#lost += missing;
      if (missing < 0) this.#wrong++;
    }
    this.#last = at;
  }
}
