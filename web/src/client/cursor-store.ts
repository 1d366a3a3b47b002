/** How far one user's events from one server have been processed. */
export interface Cursor {
  /** The last position that has been processed, `"<epoch>.<sequence>"`; sequence 0 before the first event. */
  readonly position: string;
  /** Identity of the event at `position`, when it was seen. */
  readonly id?: string;
  /** Time of the event at `position`, when it is known: it lets the server recognise a rewritten history. */
  readonly time?: string;
  /** Where no event was seen at `position`: the time from which the stream is wanted. */
  readonly since?: string;
}

/** Whose cursor it is. Another server or user counts as no cursor. */
export interface CursorOwner {
  /** The server's URL, as `new URL(...).href` spells it. */
  readonly serverUrl: string;
  /** The user. */
  readonly userId: string;
}

/**
 * Keeps cursors between runs. The client makes one call at a time and waits for it, so a slow store slows the events. A failure goes to
 * `onProblem` and loses nothing: a save is made up for by that of the next event; as long as the start cannot be loaded or saved,
 * nothing is delivered and it is tried again with the next attempt to connect.
 */
export interface CursorStore {
  /**
   * The cursor saved last; undefined when there is none. One whose position is malformed counts as none, so reject when what is
   * stored cannot be read: beginning anew could skip events.
   */
  load(owner: CursorOwner): Promise<Cursor | undefined>;
  /** Replaces the cursor, as a whole or not at all; also by an earlier one, after a loss of history for instance. */
  save(owner: CursorOwner, cursor: Cursor): Promise<void>;
}

/** Forgets with the page. A later client with the same object goes on where the one before stopped. */
export class MemoryCursorStore implements CursorStore {
  readonly #cursors = new Map<string, Cursor>();

  /** The cursor saved last in this object. Never rejects. */
  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    return this.#cursors.get(keyOf(owner));
  }

  /** Replaces the cursor. Never rejects. */
  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    this.#cursors.set(keyOf(owner), cursor);
  }
}

/** Survives a reload. Tabs of one user share the entry: the last writer wins. */
export class LocalStorageCursorStore implements CursorStore {
  readonly #storage: Pick<Storage, "getItem" | "setItem">;

  /**
   * Keeps one entry per server and user; its key begins with `realtime:cursor:`.
   *
   * @param storage `localStorage`, or `sessionStorage` for a cursor that ends with its tab
   */
  constructor(storage: Pick<Storage, "getItem" | "setItem">) {
    this.#storage = storage;
  }

  /** The cursor saved last. Rejects when the entry is not JSON or has no `position`: it is never taken for "no cursor". */
  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    const text = this.#storage.getItem(keyOf(owner));
    if (text === null) return undefined;
    const { position, id, time, since } = JSON.parse(text) as Record<string, unknown>;
    if (typeof position !== "string") throw new Error(`The stored cursor ${keyOf(owner)} has no position.`);
    return {
      position,
      ...(typeof id === "string" && { id }),
      ...(typeof time === "string" && { time }),
      ...(typeof since === "string" && { since }),
    };
  }

  /** Replaces the cursor. Rejects when the storage is full or refused. */
  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    this.#storage.setItem(keyOf(owner), JSON.stringify(cursor));
  }
}

function keyOf(owner: CursorOwner): string {
  // A URL has no space, so no pair of owners shares a key.
  return `realtime:cursor:${owner.serverUrl} ${owner.userId}`;
}
