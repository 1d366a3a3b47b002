import { comparePositions, parsePosition, type AgentEvent, type Position } from "../client";
import { el, icon, setText } from "./dom";
import { emptyFeed, nothingMatches, skeleton } from "./empty-states";
import { eventRow, updateEventRow, type RowState } from "./event-row";
import { isFiltering, type SharedView } from "./feed-filter";
import { layOut, type FeedItem, type Mark } from "./feed-layout";
import { formatCount, plural } from "./format";
import { RunBook } from "./run-book";
import { runHeader, updateRunHeader } from "./run-header";
import { VirtualList } from "./virtual-list";

export interface FeedOptions {
  readonly book: RunBook;
  /** Height at the top of the window that the header covers. */
  readonly covered: () => number;
  readonly onClearFilter: () => void;
  /** The oldest events were forgotten to bound the memory; they can be loaded again. */
  readonly onForgotten?: () => void;
  /** Events beyond this are forgotten, oldest first. */
  readonly mostEvents?: number;
}

const freshForMs = 1_500;
const mostMarks = 20;

/** The events, newest first, as cards of runs or as a timeline. Keeps them all; has elements only for what is in sight. */
export class Feed {
  readonly element: HTMLElement;
  readonly #options: FeedOptions;
  readonly #list: VirtualList<FeedItem>;
  readonly #instead = el("div", { class: "instead" });
  readonly #newer = el("button", { type: "button", class: "pill", "data-testid": "newer", hidden: "" });
  readonly #mostEvents: number;
  readonly #open = new Set<string>();
  readonly #collapsed = new Set<string>();
  readonly #fresh = new Map<string, number>();
  /** Oldest first. */
  #events: AgentEvent[] = [];
  #marks: Mark[] = [];
  #shared: SharedView = { view: "runs", filter: {} };
  #nextMark = 0;
  #away: { readonly after: Position | undefined } | undefined;
  #active: string | undefined;
  #unseen = 0;
  #isLoaded = false;
  #isComplete = false;
  #isPlanned = false;
  /** Asked once per frame: events may come in thousands. */
  #isTopSeen: boolean | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#mostEvents = options.mostEvents ?? 20_000;
    const list = el("ol", { class: "feed", "data-testid": "feed", "aria-label": "Agent events, newest first" });
    this.#list = new VirtualList(list, {
      render: item => this.#render(item),
      update: (element, item) => this.#update(element, item),
      estimate: kind => (kind === "event" ? 57 : kind === "run" ? 72 : 56),
      covered: options.covered,
    });
    list.addEventListener("click", click => this.#clicked(click));
    this.#newer.append(icon("up"), el("span", {}));
    this.#newer.addEventListener("click", () => this.toTop());
    this.#instead.append(skeleton());
    this.element = el("div", { class: "feed-area" }, this.#newer, this.#instead, list);
  }

  attach(signal: AbortSignal): void {
    this.#list.attach(signal);
    addEventListener("scroll", () => {
      this.#isTopSeen = undefined;
      if (this.#unseen > 0) this.#plan();
    }, { passive: true, signal });
  }

  /** Position of the oldest event here, for loading what is before it. */
  get oldest(): string | undefined {
    return this.#events[0]?.position;
  }

  get events(): readonly AgentEvent[] {
    return this.#events;
  }

  /** How many lines are shown; what the filter hides is none. */
  get lineCount(): number {
    return this.#list.entries.length;
  }

  /** A new event. */
  add(event: AgentEvent): void {
    this.#events.push(event);
    this.#options.book.note(event);
    this.#fresh.set(event.position, performance.now());
    if (!this.#isTopInSight()) this.#unseen++;
    if (this.#events.length > this.#mostEvents) this.#forgetOldest();
    this.#plan();
  }

  /** Older events, newest first. `isComplete`: nothing is stored before them. */
  addOlder(events: readonly AgentEvent[], isComplete: boolean): void {
    for (const event of events) this.#options.book.note(event);
    this.#events = [...[...events].reverse(), ...this.#events];
    this.#isLoaded = true;
    this.#isComplete = isComplete;
    this.#plan();
  }

  setView(shared: SharedView): void {
    this.#shared = shared;
    this.renderNow();
  }

  /** From here on, events come late. A second loss before they did changes nothing. */
  markAway(): void {
    this.#away ??= { after: this.#newest() };
  }

  /** Everything missed is there: the marker goes below it. */
  markReturn(missed: number, text: string): void {
    const away = this.#away;
    this.#away = undefined;
    if (away !== undefined && missed > 0) this.#mark({ kind: "missed", text, missed, after: away.after, until: this.#newest() });
  }

  /** Marks where the last visit ended: above the newest event that had been seen. */
  markLastVisit(seen: Position, missed: number, text: string): void {
    this.#mark({ kind: "visit", text, missed, after: seen, until: this.#newest() });
  }

  /** Something to know at this point of the stream. */
  addNotice(text: string): void {
    this.#mark({ kind: "lost", text, after: this.#newest() });
  }

  /** Selects the next row in a direction, and takes the keyboard there. */
  move(by: 1 | -1): void {
    const entries = this.#list.entries;
    let index = this.#active === undefined ? -1 : this.#list.indexOf(this.#active);
    if (index < 0) index = Math.max(this.#list.firstInSight, 0) - (by === 1 ? 1 : -1);
    do index += by;
    while (entries[index] !== undefined && entries[index]!.kind === "mark");
    const entry = entries[index];
    if (entry === undefined) return;
    this.#active = entry.key;
    this.#list.reveal(index);
    this.renderNow();
    this.#focusActive();
  }

  /** Opens or closes what is selected. */
  toggleActive(): void {
    const entry = this.#list.entries[this.#active === undefined ? -1 : this.#list.indexOf(this.#active)];
    if (entry !== undefined) this.#toggle(entry);
  }

  /** Closes all details. False when there were none. */
  closeDetails(): boolean {
    if (this.#open.size === 0) return false;
    this.#open.clear();
    this.#remeasure();
    return true;
  }

  /** Goes to the next marker down the stream, beginning again at the top. False when there is none. */
  toNextMark(): boolean {
    const entries = this.#list.entries;
    const from = this.#list.firstInSight;
    const isBelow = (index: number) => index > from;
    const marks = entries.flatMap((entry, index) => (entry.kind === "mark" ? [index] : []));
    const next = marks.find(isBelow) ?? marks[0];
    if (next === undefined) return false;
    this.#list.reveal(next, "start");
    return true;
  }

  /** Goes to an event and opens it. False when it is not shown. */
  reveal(position: string): boolean {
    const index = this.#list.indexOf(position);
    if (index < 0) return false;
    this.#active = position;
    this.#open.add(position);
    this.renderNow();
    this.#list.reveal(index);
    this.#focusActive();
    return true;
  }

  toTop(): void {
    scrollTo({ top: 0, behavior: "instant" });
    this.#plan();
  }

  renderNow(): void {
    const items = layOut({ events: this.#events, marks: this.#marks, filter: this.#shared.filter, view: this.#shared.view, collapsed: this.#collapsed, isComplete: this.#isComplete });
    this.#isTopSeen = undefined;
    if (this.#isTopInSight()) this.#unseen = 0;
    this.#showInstead(items.some(item => item.kind !== "mark"));
    this.#list.show(items);
    this.#newer.hidden = this.#unseen === 0;
    setText(this.#newer.lastElementChild!, plural(this.#unseen, "new event"));
    const now = performance.now();
    for (const [position, at] of this.#fresh) if (now - at > freshForMs) this.#fresh.delete(position);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.renderNow();
    });
  }

  #showInstead(hasRows: boolean): void {
    const wanted = !this.#isLoaded && !hasRows ? "skeleton" : hasRows ? "" : isFiltering(this.#shared.filter) ? "filter" : "empty";
    if (this.#instead.dataset.shows === wanted) return;
    this.#instead.dataset.shows = wanted;
    this.#instead.replaceChildren(...(wanted === "" ? [] : [
      wanted === "skeleton" ? skeleton() : wanted === "filter" ? nothingMatches(this.#options.onClearFilter) : emptyFeed(),
    ]));
  }

  #render(item: FeedItem): HTMLElement {
    switch (item.kind) {
      case "run": return withKey(runHeader(item, this.#options.book), item.key, item.key === this.#active);
      case "event": return withKey(eventRow(item, this.#stateOf(item)), item.key, item.key === this.#active);
      case "mark": return markLine(item.mark);
    }
  }

  #update(element: HTMLElement, item: FeedItem): void {
    if (item.kind === "run") {
      updateRunHeader(element, item, this.#options.book);
      element.classList.toggle("row-active", item.key === this.#active);
    } else if (item.kind === "event") updateEventRow(element, item, this.#stateOf(item));
  }

  #stateOf({ key, event }: { readonly key: string; readonly event: AgentEvent }): RowState {
    return { isOpen: this.#open.has(key), isActive: key === this.#active, isNew: this.#fresh.has(event.position) };
  }

  #clicked(click: MouseEvent): void {
    const target = click.target as Element;
    const line = target.closest<HTMLElement>("[data-key]");
    // Text that is being selected, and what stands in the details, is not meant as "open".
    if (line === null || target.closest(".details") !== null || getSelection()?.isCollapsed === false) return;
    const entry = this.#list.entries[this.#list.indexOf(line.dataset.key!)];
    if (entry === undefined) return;
    this.#active = entry.key;
    this.#toggle(entry);
  }

  #toggle(entry: FeedItem): void {
    if (entry.kind === "event") flip(this.#open, entry.key);
    else if (entry.kind === "run") flip(this.#collapsed, entry.collapseKey);
    this.#remeasure();
  }

  #remeasure(): void {
    this.renderNow();
    this.#list.remeasure();
  }

  #focusActive(): void {
    if (this.#active === undefined) return;
    this.#list.elementOf(this.#active)?.querySelector<HTMLElement>(".row-toggle, .run-toggle")?.focus({ preventScroll: true });
  }

  #mark(mark: Omit<Mark, "id">): void {
    this.#marks = [...this.#marks, { ...mark, id: this.#nextMark++ }]
      // The deeper one of two is the older one.
      .sort((a, b) => (a.after === undefined || b.after === undefined ? 0 : comparePositions(a.after, b.after) ?? 0) || a.id - b.id)
      .slice(-mostMarks);
    this.#plan();
  }

  #newest(): Position | undefined {
    return parsePosition(this.#events.at(-1)?.position);
  }

  #forgetOldest(): void {
    this.#events.splice(0, Math.ceil(this.#mostEvents / 10));
    this.#isComplete = false;
    this.#options.onForgotten?.();
  }

  #isTopInSight(): boolean {
    return this.#isTopSeen ??= this.#list.element.getBoundingClientRect().top >= this.#options.covered() - 40;
  }
}

function withKey(element: HTMLElement, key: string, isActive: boolean): HTMLElement {
  element.dataset.key = key;
  element.classList.toggle("row-active", isActive);
  return element;
}

function markLine(mark: Mark): HTMLLIElement {
  return el("li", {
    class: `marker marker-${mark.kind}`,
    "data-testid": mark.kind === "lost" ? "history-lost" : "missed-marker",
    "data-missed": mark.missed === undefined ? undefined : String(mark.missed),
    title: mark.missed === undefined ? undefined : `${formatCount(mark.missed)} above this line`,
  }, el("span", {}, mark.text));
}

function flip(set: Set<string>, key: string): void {
  if (!set.delete(key)) set.add(key);
}
