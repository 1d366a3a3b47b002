import { parsePosition } from "./position";

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

/**
 * A stored cursor exists but cannot be read. Going on without it could skip events, so the client stops with `cursorUnreadable`: restore
 * what is stored, or delete it to begin without a cursor.
 */
export class CursorUnreadableError extends Error {
  /** Tells it by name, where `instanceof` does not: in another bundle, for instance. */
  override readonly name = "CursorUnreadableError";

  /**
   * For stores of your own, to reject with.
   *
   * @param where where the cursor is stored
   * @param cause what is wrong with it
   */
  constructor(where: string, cause?: unknown) {
    super(`The cursor in ${where} cannot be read. Restore it, or delete it to begin without a cursor.`, { cause });
  }
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
 * nothing is delivered and it is tried again with the next attempt to connect. Only {@link CursorUnreadableError} stops the client.
 */
export interface CursorStore {
  /**
   * The cursor saved last; undefined only when there is none, for the client then begins at the head. Rejects with
   * {@link CursorUnreadableError} when there is one but it cannot be read; a position that is malformed counts as that too.
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

  /**
   * The cursor saved last. Rejects with {@link CursorUnreadableError} when the entry is not JSON, its `position` is no position or another
   * member is no text: it is never taken for "no cursor".
   */
  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    const text = this.#storage.getItem(keyOf(owner));
    if (text === null) return undefined;
    try {
      return readCursor(JSON.parse(text));
    } catch (error) {
      throw new CursorUnreadableError(`the storage entry "${keyOf(owner)}"`, error);
    }
  }

  /** Replaces the cursor. Rejects when the storage is full or refused. */
  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    this.#storage.setItem(keyOf(owner), JSON.stringify(cursor));
  }
}

/** Throws when it is none, as a whole: a time that is left out would hide a rewritten history. */
function readCursor(stored: unknown): Cursor {
  if (typeof stored !== "object" || stored === null) throw new TypeError("It is not an object.");
  const { position, id, time, since } = stored as Record<string, unknown>;
  if (typeof position !== "string" || parsePosition(position) === undefined) throw new TypeError("Its position is malformed.");
  const cursor: { position: string; id?: string; time?: string; since?: string } = { position };
  for (const [name, value] of Object.entries({ id, time, since })) {
    if (value === undefined || value === null) continue;
    if (typeof value !== "string") throw new TypeError(`Its ${name} is not text.`);
    cursor[name as "id" | "time" | "since"] = value;
  }
  return cursor;
}

function keyOf(owner: CursorOwner): string {
  // A URL has no space, so no pair of owners shares a key.
  return `realtime:cursor:${owner.serverUrl} ${owner.userId}`;
}
