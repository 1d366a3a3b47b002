/** What a list shows of one entry. `kind` groups entries that are about equally high. */
export interface ListEntry {
  readonly key: string;
  readonly kind: string;
}

export interface ListView<T extends ListEntry> {
  /** Makes the element of an entry that comes into sight. */
  readonly render: (entry: T) => HTMLElement;
  /** The same entry, which may have changed. */
  readonly update: (element: HTMLElement, entry: T) => void;
  /** Height of a kind before one of it was seen. */
  readonly estimate: (kind: string) => number;
  /** Height at the top of the window that something else covers. */
  readonly covered: () => number;
}

/** How far beyond the window elements exist, in pixels: a fast scroll should not see holes. */
const overscan = 700;

/**
 * Has elements only for what is in sight, in one list that scrolls with the page. The rest is padding: measured where it
 * was seen before, estimated where not. What the reader looks at stays where it is when something comes above it.
 */
export class VirtualList<T extends ListEntry> {
  readonly element: HTMLOListElement;
  readonly #view: ListView<T>;
  readonly #measured = new Map<string, number>();
  readonly #kindHeights = new Map<string, number>();
  readonly #shown = new Map<string, HTMLElement>();
  #entries: readonly T[] = [];
  #indexes = new Map<string, number>();
  #offsets = new Float64Array(1);
  #first = 0;
  #last = 0;
  #isPlanned = false;
  /** The window has another size: what is in sight must be measured again. */
  #isOutdated = false;

  constructor(element: HTMLOListElement, view: ListView<T>) {
    this.element = element;
    this.#view = view;
  }

  /** Follows the page until the signal aborts. */
  attach(signal: AbortSignal): void {
    const plan = () => this.#plan();
    addEventListener("scroll", plan, { passive: true, signal });
    addEventListener("resize", () => {
      this.#measured.clear();
      this.#kindHeights.clear();
      this.#isOutdated = true;
      plan();
    }, { passive: true, signal });
  }

  get entries(): readonly T[] {
    return this.#entries;
  }

  /** The lowest entry that is, at least in part, in sight; -1 for none. */
  get lastInSight(): number {
    return this.#entries.length === 0 ? -1 : this.#indexAt(this.#windowTop() + innerHeight);
  }

  /** The first entry that is in sight as a whole, not below what covers the top; -1 for none. */
  get firstInSight(): number {
    if (this.#entries.length === 0) return -1;
    const top = this.#windowTop() + this.#view.covered();
    const index = this.#indexAt(top);
    return this.#offsets[index]! >= top - 1 ? index : Math.min(index + 1, this.#entries.length - 1);
  }

  indexOf(key: string): number {
    return this.#indexes.get(key) ?? -1;
  }

  elementOf(key: string): HTMLElement | undefined {
    return this.#shown.get(key);
  }

  show(entries: readonly T[]): void {
    const anchor = this.#anchor();
    const before = anchor === undefined ? 0 : this.#offsets[this.#indexes.get(anchor.key)!]!;
    this.#entries = entries;
    this.#indexes = new Map(entries.map((entry, index) => [entry.key, index]));
    this.#computeOffsets();
    const now = anchor === undefined ? undefined : this.#indexes.get(anchor.key);
    if (anchor === undefined || now === undefined) {
      this.#renderWindow(true);
      return;
    }
    const moved = this.#offsets[now]! - before;
    // First as far as is known, then by what it turned out to be.
    if (moved !== 0) {
      this.element.style.paddingBottom = `${this.#total()}px`;
      scrollBy({ top: moved, behavior: "instant" });
    }
    this.#renderWindow(true);
    const element = this.#shown.get(anchor.key);
    const off = element === undefined ? 0 : element.getBoundingClientRect().top - anchor.top;
    if (Math.abs(off) >= 1) scrollBy({ top: off, behavior: "instant" });
  }

  /** An element has become higher or lower by itself. */
  remeasure(): void {
    this.#measure();
    this.#plan();
  }

  /** Brings an entry into sight, as little as necessary. */
  reveal(index: number, place: "nearest" | "start" = "nearest"): void {
    if (index < 0 || index >= this.#entries.length) return;
    for (let round = 0; round < 3; round++) {
      const top = this.#offsets[index]! - this.#windowTop();
      const bottom = top + this.#heightOf(this.#entries[index]!);
      const covered = this.#view.covered() + 8;
      const by = place === "start" || top < covered ? top - covered : bottom > innerHeight - 16 ? Math.min(bottom - innerHeight + 16, top - covered) : 0;
      if (Math.abs(by) < 1) break;
      scrollBy({ top: by, behavior: "instant" });
      // What came into sight has been measured now, and may have moved the entry.
      this.#renderWindow(false);
    }
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#renderWindow(false);
    });
  }

  /** What the reader looks at; nothing while the top of the list is in sight, where new entries belong. */
  #anchor(): { key: string; top: number } | undefined {
    if (this.element.getBoundingClientRect().top >= this.#view.covered()) return undefined;
    for (let i = this.#first; i < this.#last; i++) {
      const { key } = this.#entries[i]!;
      const box = this.#shown.get(key)?.getBoundingClientRect();
      if (box !== undefined && box.bottom > this.#view.covered()) return { key, top: box.top };
    }
    return undefined;
  }

  /** Where the window begins, in the list's own measure. */
  #windowTop(): number {
    return -this.element.getBoundingClientRect().top;
  }

  #renderWindow(mayHaveChanged: boolean): void {
    const top = this.#windowTop();
    const first = this.#entries.length === 0 ? 0 : this.#indexAt(top - overscan);
    const last = this.#entries.length === 0 ? 0 : this.#indexAt(top + innerHeight + overscan) + 1;
    if (!mayHaveChanged && !this.#isOutdated && first === this.#first && last === this.#last) return;
    this.#isOutdated = false;
    this.#first = first;
    this.#last = last;
    this.#syncElements(mayHaveChanged);
    this.#setPadding();
    this.#measure();
  }

  #syncElements(mayHaveChanged: boolean): void {
    const wanted = new Set<string>();
    for (let i = this.#first; i < this.#last; i++) wanted.add(this.#entries[i]!.key);
    for (const [key, element] of this.#shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    let next = this.element.firstElementChild;
    for (let i = this.#first; i < this.#last; i++) {
      const entry = this.#entries[i]!;
      let element = this.#shown.get(entry.key);
      if (element === undefined) {
        element = this.#view.render(entry);
        this.#shown.set(entry.key, element);
      } else if (mayHaveChanged) this.#view.update(element, entry);
      if (element === next) next = next.nextElementSibling;
      else this.element.insertBefore(element, next);
    }
  }

  #setPadding(): void {
    this.element.style.paddingTop = `${this.#offsets[this.#first]!}px`;
    this.element.style.paddingBottom = `${this.#total() - this.#offsets[this.#last]!}px`;
  }

  /** Learns how high the elements are. Where that is not as assumed, everything below moves. */
  #measure(): void {
    let hasChanged = false;
    for (let i = this.#first; i < this.#last; i++) {
      const entry = this.#entries[i]!;
      const height = this.#shown.get(entry.key)!.getBoundingClientRect().height;
      if (height === 0) continue; // not laid out
      if (!this.#kindHeights.has(entry.kind)) {
        this.#kindHeights.set(entry.kind, height);
        hasChanged = true;
      }
      if (Math.abs(this.#heightOf(entry) - height) < 0.5) continue;
      this.#measured.set(entry.key, height);
      hasChanged = true;
    }
    if (!hasChanged) return;
    this.#computeOffsets();
    this.#setPadding();
  }

  #heightOf(entry: T): number {
    return this.#measured.get(entry.key) ?? this.#kindHeights.get(entry.kind) ?? this.#view.estimate(entry.kind);
  }

  #computeOffsets(): void {
    const offsets = new Float64Array(this.#entries.length + 1);
    for (const [index, entry] of this.#entries.entries()) offsets[index + 1] = offsets[index]! + this.#heightOf(entry);
    this.#offsets = offsets;
  }

  #total(): number {
    return this.#offsets[this.#entries.length]!;
  }

  /** The entry at this height of the list, or the nearest. */
  #indexAt(height: number): number {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle]! <= height) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
