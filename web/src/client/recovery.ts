import type { Cursor } from "./cursor-store";
import { formatPosition, type Position } from "./position";
import { isHistoryGone, RestError, type EventsPage, type HistoryGone, type HistoryLostReason, type RestApi } from "./rest-api";

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
  const time = last.time ?? last.since;
  return reason === "trimmed" || time === undefined ? { from: "beginning" } : { from: "since", time };
}

/** The events after the cursor. */
export async function fetchMissed(api: RestApi, cursor: Cursor, signal: AbortSignal): Promise<EventsPage | HistoryGone> {
  return await api.events({ after: cursor.position, ...(cursor.time !== undefined && { time: cursor.time }) }, pageSize, signal);
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
  const cursor = { position: formatPosition(at), ...(start.from === "since" && { since: start.time }) };
  return { cursor, at, head: answer.head, ...(gone && { gone }) };
}

function positionBefore(page: EventsPage, isSince: boolean): Position {
  const first = page.events[0]?.at ?? (isSince ? undefined : page.oldest);
  return first === undefined ? page.next : { epoch: first.epoch, sequence: Math.max(first.sequence - 1, 0) };
}
