import type { AgentEvent, AgentStepCompleted } from "../client";
import { parsePosition } from "../client";
import { el } from "./dom";
import { eventRow, isFailed } from "./event-row";

interface Group {
  readonly key: string | undefined;
  readonly element: HTMLLIElement;
  readonly rows: HTMLOListElement;
}

/**
 * The events, newest first. Neighbours of one run share a card; the order is never changed for the sake of grouping.
 */
export class Feed {
  readonly element = el("ol", { class: "feed", "data-testid": "feed", "aria-label": "Agent events, newest first" });
  readonly #empty = el("li", { class: "empty", "data-testid": "feed-empty" },
    el("strong", {}, "Nothing has happened yet"), el("span", {}, "Steps appear here the moment an agent completes them."));
  #top: Group | undefined;
  #bottom: Group | undefined;
  #rowCount = 0;
  /** The card that was newest when the connection was lost: missed events come above it. */
  #awayMark: { readonly top: Element | null; readonly group: Group | undefined } | undefined;

  readonly #mostRows: number;

  /** Rows beyond `mostRows` leave the page at its lower end; they can be loaded again. */
  constructor(mostRows = 500) {
    this.#mostRows = mostRows;
    this.element.append(this.#empty);
  }

  /** Position of the oldest row, for loading what is before it. */
  get oldest(): string | undefined {
    return this.#rows().at(-1)?.dataset.position;
  }

  /** A new event. */
  add(event: AgentEvent): void {
    this.#empty.remove();
    const key = groupKey(event);
    if (this.#top === undefined || key === undefined || this.#top.key !== key) {
      const group = makeGroup(event, key);
      this.element.prepend(group.element);
      this.#top = group;
      this.#bottom ??= group;
    }
    const row = eventRow(event);
    row.classList.add("row-new");
    this.#top.rows.prepend(row);
    countFailure(this.#top, event);
    this.#rowCount++;
    this.#trim();
  }

  /** Older events below what is there, newest first. */
  addOlder(events: readonly AgentEvent[]): void {
    for (const event of events) {
      this.#empty.remove();
      const key = groupKey(event);
      if (this.#bottom === undefined || key === undefined || this.#bottom.key !== key) {
        const group = makeGroup(event, key);
        this.element.append(group.element);
        this.#bottom = group;
        this.#top ??= group;
      }
      this.#bottom.rows.append(eventRow(event));
      countFailure(this.#bottom, event);
      this.#rowCount++;
    }
  }

  /** From here on, events come late. A second loss before they did changes nothing. */
  markAway(): void {
    if (this.#awayMark !== undefined) return;
    this.#awayMark = { top: this.element.firstElementChild === this.#empty ? null : this.element.firstElementChild, group: this.#top };
    this.#top = undefined;
  }

  /** Everything missed is there: the marker goes below it. When it was nothing, the feed goes on as if never interrupted. */
  markReturn(missed: number, text: string): void {
    this.#top = undefined;
    if (this.#awayMark === undefined) return;
    const { top, group } = this.#awayMark;
    this.#awayMark = undefined;
    // The card may have been trimmed meanwhile; then everything that is left was missed.
    if (missed > 0) this.element.insertBefore(marker(missed, text), top?.parentNode === this.element ? top : null);
    else if (group?.element === this.element.firstElementChild) this.#top = group;
  }

  /** Marks where the last visit ended, among rows of history: above the first one that had been seen. */
  markLastVisit(seen: string, missed: number, text: string): void {
    const sequence = parsePosition(seen)?.sequence ?? 0;
    const firstSeen = this.#rows().find(row => (parsePosition(row.dataset.position)?.sequence ?? 0) <= sequence);
    const mark = marker(missed, text);
    const card = firstSeen?.closest(".card");
    if (firstSeen === undefined || card === null || card === undefined) this.element.append(mark);
    else if (card.querySelector("[data-position]") === firstSeen) this.element.insertBefore(mark, card);
    else firstSeen.before(mark);
    // Rows loaded later belong below the marker, not into the card above it.
    if (firstSeen === undefined) this.#bottom = undefined;
  }

  /** Something to know at this point of the stream. */
  addNotice(text: string): void {
    this.#empty.remove();
    this.element.prepend(el("li", { class: "marker marker-warning", "data-testid": "history-lost" }, el("span", {}, text)));
    this.#top = undefined;
  }

  #rows(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("[data-position]")];
  }

  #trim(): void {
    while (this.#rowCount > this.#mostRows) {
      const last = this.element.lastElementChild!;
      const rows = last.querySelectorAll("[data-position]");
      if (rows.length > 1) {
        rows[rows.length - 1]!.remove();
      } else {
        last.remove();
        // The next older event opens a card of its own.
        this.#bottom = undefined;
      }
      if (rows.length > 0) this.#rowCount--;
    }
  }
}

function marker(missed: number, text: string): HTMLLIElement {
  return el("li", { class: "marker", "data-testid": "missed-marker", "data-missed": String(missed) }, el("span", {}, text));
}

/** Events without a run stand alone. */
function groupKey(event: AgentEvent): string | undefined {
  if (event.type !== "agent.step_completed") return undefined;
  const { agentId, runId } = (event.data ?? {}) as Partial<AgentStepCompleted>;
  return typeof runId === "string" ? `${agentId} ${runId}` : undefined;
}

function makeGroup(event: AgentEvent, key: string | undefined): Group {
  const rows = el("ol", { class: "rows" });
  if (key === undefined) return { key, rows, element: el("li", { class: "card" }, rows) };
  const { agentName, runId } = event.data as AgentStepCompleted;
  const name = String(agentName);
  return {
    key,
    rows,
    element: el("li", { class: "card", "data-run": runId },
      el("header", { class: "run" },
        el("span", { class: `avatar hue-${hue(name)}`, "aria-hidden": "true" }, initials(name)),
        el("span", { class: "run-agent" }, name),
        el("span", { class: "run-failed", hidden: "" }),
        el("span", { class: "run-id", title: `Run ${runId}` }, runId)),
      rows),
  };
}

function countFailure(group: Group, event: AgentEvent): void {
  if (!isFailed(event)) return;
  const badge = group.element.querySelector<HTMLElement>(".run-failed");
  if (badge === null) return;
  badge.hidden = false;
  badge.dataset.count = String(Number(badge.dataset.count ?? 0) + 1);
  badge.textContent = `${badge.dataset.count} failed`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return (words.length > 1 ? [...words[0]!][0]! + [...words[1]!][0]! : name.trim().slice(0, 2)).toUpperCase();
}

function hue(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) % 6_007;
  return sum % 6;
}
