import type { AgentEvent, AgentStepCompleted } from "../client";

/** Runs: the events of a run together, the run with the newest event first. Timeline: strictly by time. */
export type FeedView = "runs" | "timeline";

export const statuses = ["succeeded", "failed", "skipped"] as const;
export type Status = (typeof statuses)[number];

/** What of the stream is shown. Absent: everything. */
export interface FeedFilter {
  readonly agent?: string;
  readonly status?: Status;
  readonly type?: string;
  readonly text?: string;
}

/** A view that can be shared: everything that is in the address. */
export interface SharedView {
  readonly view: FeedView;
  readonly filter: FeedFilter;
}

export function readView(search: string): SharedView {
  const query = new URLSearchParams(search);
  const status = statuses.find(known => known === query.get("status"));
  const agent = query.get("agent");
  const type = query.get("type");
  const text = query.get("q")?.trim();
  return {
    view: query.get("view") === "timeline" ? "timeline" : "runs",
    filter: { ...(agent && { agent }), ...(status && { status }), ...(type && { type }), ...(text && { text }) },
  };
}

/** The query with this view in it; what the page does not know, the user for instance, stays. */
export function writeView(search: string, { view, filter }: SharedView): string {
  const query = new URLSearchParams(search);
  const values = { view: view === "timeline" ? view : undefined, agent: filter.agent, status: filter.status, type: filter.type, q: filter.text };
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function isFiltering(filter: FeedFilter): boolean {
  return Object.keys(filter).length > 0;
}

/** Text that was made once: every key of the search box looks through thousands of events. */
const searchTexts = new WeakMap<AgentEvent, string>();

export function matches(filter: FeedFilter, event: AgentEvent): boolean {
  const step = stepOf(event);
  if (filter.type !== undefined && event.type !== filter.type) return false;
  if (filter.agent !== undefined && step?.agentId !== filter.agent) return false;
  if (filter.status !== undefined && step?.status !== filter.status) return false;
  return filter.text === undefined || wordsOf(filter.text).every(word => searchTextOf(event).includes(word));
}

/** The data of a step; undefined for any other event, and for one that is no object. */
export function stepOf(event: AgentEvent): Partial<AgentStepCompleted> | undefined {
  return event.type === "agent.step_completed" && typeof event.data === "object" && event.data !== null ? event.data : undefined;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(word => word !== "");
}

function searchTextOf(event: AgentEvent): string {
  let text = searchTexts.get(event);
  if (text === undefined) {
    text = `${event.type} ${event.position} ${event.id} ${JSON.stringify(event.data) ?? ""}`.toLowerCase();
    searchTexts.set(event, text);
  }
  return text;
}
