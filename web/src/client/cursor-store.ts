/** How far one user's events from one server have been processed. */
export interface Cursor {
  readonly position: string;
  /** Identity and time of the event at `position`, when it was seen: they let the server recognise a rewritten history. */
  readonly id?: string;
  readonly time?: string;
  /** Where no event was seen at `position`: the time from which the stream is wanted. */
  readonly since?: string;
}

/** Whose cursor it is. Another server or user counts as no cursor. */
export interface CursorOwner {
  readonly serverUrl: string;
  readonly userId: string;
}

/** Keeps cursors between runs. A failure is reported and tried again with the next event; it loses nothing. */
export interface CursorStore {
  load(owner: CursorOwner): Promise<Cursor | undefined>;
  save(owner: CursorOwner, cursor: Cursor): Promise<void>;
}

/** Forgets with the page. */
export class MemoryCursorStore implements CursorStore {
  readonly #cursors = new Map<string, Cursor>();

  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    return this.#cursors.get(keyOf(owner));
  }

  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    this.#cursors.set(keyOf(owner), cursor);
  }
}

/** Survives a reload. Tabs of one user share the entry: the last writer wins. */
export class LocalStorageCursorStore implements CursorStore {
  readonly #storage: Pick<Storage, "getItem" | "setItem">;

  constructor(storage: Pick<Storage, "getItem" | "setItem">) {
    this.#storage = storage;
  }

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

  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    this.#storage.setItem(keyOf(owner), JSON.stringify(cursor));
  }
}

function keyOf(owner: CursorOwner): string {
  // A URL has no space, so no pair of owners shares a key.
  return `realtime:cursor:${owner.serverUrl} ${owner.userId}`;
}
