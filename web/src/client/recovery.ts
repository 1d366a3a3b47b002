import type { Cursor } from "./cursor-store";
import { formatPosition, type Position } from "./position";
import { isHistoryGone, RestError, type EventsPage, type HistoryGone, type HistoryLostReason, type RestApi } from "./rest-api";

/** Where to begin, at the first start and after a loss of history. All but `cursor` do so whatever the saved cursor says. */
export type StartFrom =
  | {
      /** After the saved cursor; at the head when there is none. */
      readonly from: "cursor";
    }
  | {
      /** At the oldest event that is still retained. */
      readonly from: "beginning";
    }
  | {
      /** With the first event after the newest one. */
      readonly from: "head";
    }
  | {
      /** With the event after a position. */
      readonly from: "after";
      /** The last position that is not wanted, `"<epoch>.<sequence>"`. */
      readonly position: string;
      /** Time of the event at `position`, verbatim: it lets the server recognise a rewritten history. */
      readonly time?: string;
    }
  | {
      /** With the first event after a time of the store's clock. */
      readonly from: "since";
      /** RFC 3339 with an offset; events up to and including this time are not wanted. */
      readonly time: string;
    };

/** Told to the application when events it has not seen no longer exist, or their history was replaced. */
export interface HistoryLost {
  /** Why. */
  readonly reason: HistoryLostReason;
  /** Position of the newest event there is now. */
  readonly head: string;
  /** Position of the oldest event there is now; one after `head` when nothing is retained. */
  readonly oldest: string;
  /** The last position that had been processed. After a start in trimmed history: where it began instead. */
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
