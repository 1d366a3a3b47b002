/** One block of a stream of server-sent events, comments left out. */
export interface EventStreamBlock {
  readonly id?: string;
  readonly name?: string;
  readonly data?: string;
  readonly retryMs?: number;
}

/** An event's data has at most 64 KiB; this is more than any event. */
const maxBlockLength = 1_048_576;
const longestRetryMs = 300_000;

/**
 * Reads server-sent events out of text that arrives in any pieces, as the HTML standard has it. A block that is cut off counts for
 * nothing.
 */
export class EventStreamParser {
  #line = "";
  #wasReturn = false;
  #isFirst = true;
  #block: { id?: string; name?: string; data?: string; retryMs?: number } = {};

  /** The blocks that this piece completes. */
  take(text: string): EventStreamBlock[] {
    const found: EventStreamBlock[] = [];
    let from = 0;
    while (from < text.length) {
      if (this.#wasReturn && text[from] === "\n") from++; // the second half of a line's end
      this.#wasReturn = false;
      const end = endOfLine(text, from);
      this.#line += text.slice(from, end);
      if (this.#line.length + (this.#block.data?.length ?? 0) > maxBlockLength) throw new Error("A server-sent event is larger than any event.");
      if (end === text.length) break;
      this.#wasReturn = text[end] === "\r";
      from = end + 1;
      this.#endLine(found);
    }
    return found;
  }

  #endLine(found: EventStreamBlock[]): void {
    const line = this.#isFirst ? this.#line.replace(/^\ufeff/, "") : this.#line;
    this.#isFirst = false;
    this.#line = "";
    if (line !== "") {
      this.#field(line);
      return;
    }
    if (this.#block.id !== undefined || this.#block.data !== undefined || this.#block.retryMs !== undefined) found.push(this.#block);
    this.#block = {};
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "id") this.#block.id = value;
    else if (name === "event") this.#block.name = value;
    else if (name === "data") this.#block.data = this.#block.data === undefined ? value : `${this.#block.data}\n${value}`;
    else if (name === "retry" && /^\d+$/.test(value)) this.#block.retryMs = Math.min(Number(value), longestRetryMs);
  }
}

function endOfLine(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\n" || text[i] === "\r") return i;
  }
  return text.length;
}
