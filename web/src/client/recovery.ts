import type { Cursor } from "./cursor-store";
import { formatPosition, type Position } from "./position";
import { isHistoryGone, RestError, type EventsPage, type HistoryGone, type HistoryLostReason, type RestApi } from "./rest-api";
import { judge } from "./sequence-gate";

/** Where to begin, at the first start and after a loss of history. */
export type StartFrom =
  /** The saved cursor; without one, the head. */
  | { readonly from: "cursor" }
  /** The oldest event that is still retained. */
  | { readonly from: "beginning" }
  /** Only what comes from now on. */
  | { readonly from: "head" }
  | { readonly from: "after"; readonly position: string; readonly time?: string }
  | { readonly from: "since"; readonly time: string };

/** Told to the application when events it has not seen no longer exist, or their history was replaced. */
export interface HistoryLost {
  readonly reason: HistoryLostReason;
  readonly head: string;
  readonly oldest: string;
  /** The last position that had been processed. */
  readonly lastProcessed: string;
}

export const pageSize = 500;

/** So that only what no longer exists is lost: from the oldest after trimming, else from the time of the last event. */
export function defaultContinuation(reason: HistoryLostReason, last: Cursor): StartFrom {
  return reason === "trimmed" || last.time === undefined ? { from: "beginning" } : { from: "since", time: last.time };
}

/** The events after the cursor. Throws when the answer would leave a gap: better fetched again than skipped. */
export async function fetchMissed(api: RestApi, cursor: Cursor, at: Position, signal: AbortSignal): Promise<EventsPage | HistoryGone> {
  const answer = await api.events(
    { after: cursor.position, ...(cursor.time !== undefined && { time: cursor.time }) }, pageSize, signal);
  if (!isHistoryGone(answer)) checkContiguous(at, answer);
  return answer;
}

/** A cursor for a start, plus what the store said on the way. */
export interface ResolvedStart {
  readonly cursor: Cursor;
  readonly at: Position;
  readonly head?: Position;
  /** Set when the start lies in trimmed history. */
  readonly gone?: HistoryGone;
}

/** Turns "the beginning", "the head" or a time into a position. Asks the store, so it may fail and be asked again. */
export async function resolveStart(api: RestApi, start: Exclude<StartFrom, { from: "cursor" | "after" }>, signal: AbortSignal): Promise<ResolvedStart> {
  if (start.from === "head") {
    // The event itself rather than the bare head: its time tells a rewritten history later.
    const newest = await api.newest(signal);
    if (newest !== undefined) {
      const { position, id, time } = newest.event;
      return { cursor: { position, id, time }, at: newest.at, head: newest.at };
    }
  }

  const answer = await api.events(start.from === "since" ? { since: start.time } : {}, 1, signal);
  if (isHistoryGone(answer)) throw new RestError("A question without a position was answered 410.", 410);
  const at = start.from === "head" ? answer.head : positionBefore(answer, start.from === "since");
  const gone: HistoryGone | undefined = answer.truncated && start.from === "since"
    ? { reason: "trimmed", head: answer.head, oldest: answer.oldest }
    : undefined;
  return { cursor: { position: formatPosition(at) }, at, head: answer.head, ...(gone && { gone }) };
}

function positionBefore(page: EventsPage, isSince: boolean): Position {
  const first = page.events[0]?.at ?? (isSince ? undefined : page.oldest);
  return first === undefined ? page.next : { epoch: first.epoch, sequence: Math.max(first.sequence - 1, 0) };
}

function checkContiguous(after: Position, page: EventsPage): void {
  let last = after;
  for (const { at } of page.events) {
    if (judge(last, at) !== "deliver") {
      throw new RestError(`The page after ${formatPosition(after)} holds ${formatPosition(at)} behind ${formatPosition(last)}.`);
    }
    last = at;
  }
  if (page.events.length === 0 && page.hasMore) {
    throw new RestError(`The page after ${formatPosition(after)} is empty, yet says there is more.`);
  }
}
