import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CursorUnreadableError, LocalStorageCursorStore, type Cursor } from "../../src/client";
import { ClientUnderTest, pass, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await t.client.stop();
  vi.useRealTimers();
});

const key = "realtime:cursor:https://realtime.example/ demo";

function storageWith(text: string) {
  const entries = new Map([[key, text]]);
  return { entries, getItem: (name: string) => entries.get(name) ?? null, setItem: (name: string, value: string) => void entries.set(name, value) };
}

function expectStopped(): void {
  expect(t.client.state).toMatchObject({ name: "stopped", reason: "cursorUnreadable", error: expect.any(CursorUnreadableError) as unknown });
  expect(t.received).toEqual([]);
  expect(t.client.cursor).toBeUndefined();
}

describe("a stored cursor that cannot be read", () => {
  for (const text of [
    "", "{\"posi", "null", "42", "{}", "{\"position\":42}", "{\"position\":\"\"}", "{\"position\":\"k1\"}", "{\"position\":\"k1.042\"}",
    "{\"position\":\"k1.9007199254740992\"}", "{\"position\":\"k1.1\",\"time\":5}", "{\"position\":\"k1.1\",\"id\":{}}", "{\"position\":\"k1.1\",\"since\":1}",
  ]) {
    it(`stops the client, which neither begins at the head nor touches it: ${text}`, async () => {
      const storage = storageWith(text);
      t = new ClientUnderTest({ cursorStore: new LocalStorageCursorStore(storage) });
      t.server.commitMany(3);
      t.client.start();
      await pass(60_000);
      expectStopped();
      expect(String(t.client.state.name === "stopped" && t.client.state.error)).toContain(key);
      expect(storage.entries.get(key)).toBe(text);
      expect(t.server.links).toHaveLength(1);
    });
  }

  it("stops the client whatever store it comes from", async () => {
    t = new ClientUnderTest({ cursorStore: { load: async () => ({ position: "k1.x" }), save: async () => {} } });
    t.client.start();
    await pass(1_000);
    expectStopped();
  });

  it("stops the client even while WebSockets are blocked", async () => {
    t = new ClientUnderTest({ transport: "webSockets", cursorStore: new LocalStorageCursorStore(storageWith("{}")) });
    t.server.refuseHandshake = true;
    t.client.start();
    await pass(1_000);
    expectStopped();
  });

  it("is not looked at when the start is somewhere else", async () => {
    t = await new ClientUnderTest({ startFrom: { from: "head" }, cursorStore: new LocalStorageCursorStore(storageWith("{}")) }).live();
    expect(t.client.cursor?.position).toBe("k1.0");
  });
});

describe("a cursor that can be read", () => {
  it("is one with a position; null stands for what is absent", async () => {
    t = new ClientUnderTest({ cursorStore: new LocalStorageCursorStore(storageWith("{\"position\":\"k1.1\",\"id\":null,\"time\":null,\"more\":1}")) });
    t.server.commitMany(2);
    await t.live();
    expect(t.received).toEqual(["k1.2"]);
  });

  it("is asked for again when the store was only not there", async () => {
    let asked = 0;
    const load = async (): Promise<Cursor | undefined> => {
      if (++asked === 1) throw new Error("not now");
      return { position: "k1.1" };
    };
    t = new ClientUnderTest({ cursorStore: { load, save: async () => {} } });
    t.server.commitMany(2);
    t.client.start();
    await pass(5_000);
    expect(t.received).toEqual(["k1.2"]);
    expect(String(t.problems)).toContain("not now");
  });
});
