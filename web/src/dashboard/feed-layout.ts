import { parsePosition, type AgentEvent, type Position } from "../client";
import { matches, type FeedFilter, type FeedView } from "./feed-filter";
import { runKeyOf } from "./run-book";

/** Something to know at one point of the stream. */
export interface Mark {
  readonly id: number;
  readonly kind: "missed" | "visit" | "lost";
  readonly text: string;
  readonly missed?: number;
  /** The newest position below the mark; undefined when there is nothing below. */
  readonly after: Position | undefined;
  /** The newest position that was missed. */
  readonly until?: Position | undefined;
}

/** One line of the feed. */
export type FeedItem =
  | { readonly kind: "run"; readonly key: string; readonly run: string; readonly collapseKey: string; readonly isCollapsed: boolean; readonly count: number }
  | { readonly kind: "event"; readonly key: string; readonly event: AgentEvent; readonly isAlone: boolean; readonly isLast: boolean; readonly isMissed: boolean }
  | { readonly kind: "mark"; readonly key: string; readonly mark: Mark };

export interface FeedContent {
  /** Oldest first. */
  readonly events: readonly AgentEvent[];
  readonly marks: readonly Mark[];
  readonly filter: FeedFilter;
  readonly view: FeedView;
  /** Keys of the cards that are closed. */
  readonly collapsed: ReadonlySet<string>;
  /** Whether everything that is stored is here, so that a mark without anything below has its place at the end. */
  readonly isComplete: boolean;
}

interface Card {
  readonly key: string | undefined;
  readonly events: AgentEvent[];
}

/**
 * Puts the stream into lines, newest first. Marks part it: what is above a mark stays above it, also where runs are
 * gathered into cards, so "missed" always means everything between two lines.
 */
export function layOut(content: FeedContent): FeedItem[] {
  const items: FeedItem[] = [];
  const waiting = [...content.marks].reverse();
  let cards: Card[] = [];
  let byRun = new Map<string, Card>();
  let segment = "now";

  const flush = () => {
    for (const card of cards) putCard(card, segment, content, items);
    cards = [];
    byRun = new Map();
  };
  const put = (mark: Mark) => {
    flush();
    items.push({ kind: "mark", key: `mark ${mark.id}`, mark });
    segment = String(mark.id);
  };

  for (let i = content.events.length - 1; i >= 0; i--) {
    const event = content.events[i]!;
    if (waiting.length > 0) {
      const at = parsePosition(event.position);
      while (waiting[0] !== undefined && isReached(waiting[0].after, at)) put(waiting.shift()!);
    }
    if (!matches(content.filter, event)) continue;
    const key = runKeyOf(event);
    const last = cards.at(-1);
    const open = key === undefined ? undefined : content.view === "runs" ? byRun.get(key) : last?.key === key ? last : undefined;
    if (open !== undefined) {
      open.events.push(event);
      continue;
    }
    const card = { key, events: [event] };
    cards.push(card);
    if (key !== undefined) byRun.set(key, card);
  }
  flush();
  if (content.isComplete) for (const mark of waiting) put(mark);
  return items;
}

function putCard(card: Card, segment: string, content: FeedContent, items: FeedItem[]): void {
  const run = card.key;
  if (run !== undefined) {
    const collapseKey = `${segment} ${run}`;
    const isCollapsed = content.collapsed.has(collapseKey);
    // Named by its oldest event as well: in a timeline a run has several cards.
    items.push({ kind: "run", key: `run ${collapseKey} ${card.events.at(-1)!.position}`, run, collapseKey, isCollapsed, count: card.events.length });
    if (isCollapsed) return;
  }
  for (const [index, event] of card.events.entries()) {
    items.push({
      kind: "event", key: event.position, event,
      isAlone: run === undefined,
      isLast: index === card.events.length - 1,
      isMissed: isMissed(event, content.marks),
    });
  }
}

function isMissed(event: AgentEvent, marks: readonly Mark[]): boolean {
  if (!marks.some(mark => mark.until !== undefined)) return false;
  const at = parsePosition(event.position);
  return marks.some(mark => isReached(mark.until, at) && !isReached(mark.after, at));
}

/** Going down the stream: whether this event is at the place or below it. Another epoch is another history, and has no order with this one. */
function isReached(place: Position | undefined, at: Position | undefined): boolean {
  return place !== undefined && at !== undefined && place.epoch === at.epoch && at.sequence <= place.sequence;
}
