import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serverCursor } from "../../src/client";
import { ClientUnderTest, pass, settle, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await stop(t);
  vi.useRealTimers();
});

/** A stop may wait for fake time. */
async function stop(under: ClientUnderTest): Promise<void> {
  const stopping = under.client.stop();
  await pass(2_000);
  await stopping;
}

const device = () => new ClientUnderTest({ cursorStore: serverCursor("dashboard") });

describe("a cursor kept by the server", () => {
  it("lets a page without storage go on where it was", async () => {
    t = device();
    t.server.commitMany(5);
    t.server.cursors.set("dashboard", "k1.3").set("phone", "k1.1");
    await t.live();
    expect(t.received).toEqual(["k1.4", "k1.5"]);
    await pass(1_000);
    expect(t.server.cursors).toEqual(new Map([["dashboard", "k1.5"], ["phone", "k1.1"]]));
    expect(t.lost).toEqual([]);
  });

  it("knows the time of the event it stands at, which the server does not keep", async () => {
    t = device();
    t.server.commitMany(4);
    t.server.cursors.set("dashboard", "k1.3");
    await t.live();
    const question = t.server.requests.find(r => r.searchParams.get("after") === "k1.3");
    expect(question?.searchParams.get("time")).toBe(t.server.events[2]!.time);
  });

  it("is saved at the start, before anything is handed over", async () => {
    t = device();
    t.server.commitMany(2);
    await t.live();
    expect(t.server.cursors.get("dashboard")).toBe("k1.2");
  });

  it("is written at most once a second, the newest only, and holds up no event", async () => {
    t = await device().live();
    const before = t.server.cursorRequests.length;
    for (let i = 0; i < 20; i++) {
      t.server.publish();
      await pass(100);
    }
    await pass(1_000);
    expect(t.received.length).toBe(20);
    expect(t.server.cursors.get("dashboard")).toBe("k1.20");
    expect(t.server.cursorRequests.length - before).toBeLessThanOrEqual(4);
  });

  it("is written when the client stops", async () => {
    t = await device().live();
    t.server.publish();
    await settle();
    t.server.publish();
    await settle();
    await stop(t);
    expect(t.server.cursors.get("dashboard")).toBe("k1.2");
  });

  it("is asked for until the server answers: no answer is not the same as no cursor", async () => {
    t = device();
    t.server.commitMany(2);
    t.server.cursors.set("dashboard", "k1.1");
    t.server.cursorAnswer = 503;
    t.client.start();
    await pass(500);
    expect(t.client.state.name).toBe("catchingUp");
    t.server.cursorAnswer = undefined;
    await pass(5_000);
    expect(t.received).toEqual(["k1.2"]);
    expect(t.problems.length).toBeGreaterThan(0);
  });

  it("is tried again when it cannot be written, with no further event needed", async () => {
    t = await device().live();
    t.server.cursorAnswer = "down";
    t.server.publish();
    await pass(2_000);
    expect(t.received).toEqual(["k1.1"]);
    expect(t.problems.length).toBeGreaterThan(0);
    t.server.cursorAnswer = undefined;
    await pass(30_000);
    expect(t.server.cursors.get("dashboard")).toBe("k1.1");
  });

  it("counts as none when it was deleted", async () => {
    t = device();
    t.server.commitMany(3);
    t.server.cursors.set("phone", "k1.1");
    await t.live();
    expect(t.received).toEqual([]);
    expect(t.client.cursor?.position).toBe("k1.3");
  });

  it("of another epoch is reported once, and replaced", async () => {
    t = device();
    t.server.commitMany(2);
    t.server.cursors.set("dashboard", "old.7");
    await t.live();
    expect(t.lost.map(l => l.reason)).toEqual(["epoch_changed"]);
    expect(t.received).toEqual(["k1.1", "k1.2"]);
    await pass(1_000);
    expect(t.server.cursors.get("dashboard")).toBe("k1.2");
  });

  it("moves back when the application says so", async () => {
    t = new ClientUnderTest({ cursorStore: serverCursor("dashboard"), startFrom: { from: "beginning" } });
    t.server.commitMany(2);
    t.server.cursors.set("dashboard", "k1.2");
    await t.live();
    expect(t.server.cursorRequests).toContain("DELETE dashboard");
    expect(t.server.cursorRequests).toContain("PUT dashboard k1.0");
    expect(t.received).toEqual(["k1.1", "k1.2"]);
  });

  it("is not moved back by a client that resumes while another of the same name is farther", async () => {
    t = device();
    t.server.commitMany(3);
    t.server.cursors.set("dashboard", "k1.1");
    t.client.onEvent(() => { t.server.cursors.set("dashboard", "k1.3"); });
    await t.live();
    expect(t.server.cursorRequests).not.toContain("DELETE dashboard");
    expect(t.server.cursors.get("dashboard")).toBe("k1.3");
  });

  it("refuses a malformed name", () => {
    for (const name of ["", "a b", "..", "x".repeat(65)]) expect(() => serverCursor(name)).toThrow(TypeError);
    t = device();
  });
});
