import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HandlerFailedError } from "../../src/client";
import { ClientUnderTest, pass, useFakeTime } from "../support/client-under-test";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await t.client.stop();
  vi.useRealTimers();
});

const fault = new Error("no");
const failed = (position: string, attempts: number) => ({
  name: "stopped", reason: "handlerFailed", error: expect.objectContaining({ name: "HandlerFailedError", position, attempts, cause: fault }) as unknown,
});

describe("a handler that keeps failing", () => {
  it("is tried five times, and then stops the client before its event: nothing is passed unless the application says so", async () => {
    const parked: unknown[] = [];
    t = new ClientUnderTest({ onParked: p => parked.push(p) });
    let attempts = 0;
    t.client.onEvent(() => { attempts++; throw fault; });
    await t.live();
    t.server.publish();
    t.server.publish();
    await pass(5_250);
    expect(attempts).toBe(4);
    expect(t.client.state.name).toBe("live");
    await pass(6_000);
    expect(attempts).toBe(5);
    expect(t.client.state).toMatchObject(failed("k1.1", 5));
    expect(t.client.state.name === "stopped" && t.client.state.error).toBeInstanceOf(HandlerFailedError);
    expect(t.client.cursor?.position).toBe("k1.0");
    expect([parked, t.received]).toEqual([[], ["k1.1"]]);
  });

  it("stops the client also on an event that was fetched, and is not tried again as if the fetch had failed", async () => {
    t = new ClientUnderTest({ startFrom: { from: "beginning" }, handlerAttempts: 2 });
    let attempts = 0;
    t.client.onEvent(event => { if (event.position === "k1.2") { attempts++; throw fault; } });
    t.server.commitMany(3);
    t.client.start();
    await pass(60_000);
    expect(attempts).toBe(2);
    expect(t.client.state).toMatchObject(failed("k1.2", 2));
    expect(t.client.cursor?.position).toBe("k1.1");
    expect(t.problems).toEqual([]);
  });

  it("lets the event pass after five attempts when the application asks for it, and says so", async () => {
    const parked: string[] = [];
    t = new ClientUnderTest({ handlerFailure: "park", onParked: p => parked.push(`${p.event.position} after ${p.attempts}: ${String(p.error)}`) });
    t.client.onEvent(event => { if (event.position === "k1.1") throw fault; });
    await t.live();
    t.server.publish();
    t.server.publish();
    await pass(11_249);
    expect(parked).toEqual([]);
    await pass(1);
    expect(parked).toEqual(["k1.1 after 5: Error: no"]);
    expect(t.client.cursor?.position).toBe("k1.2");
    expect(t.client.state.name).toBe("live");
  });

  it("is tried for ever when the application asks for that", async () => {
    t = new ClientUnderTest({ handlerAttempts: Infinity });
    let attempts = 0;
    t.client.onEvent(() => { attempts++; throw fault; });
    await t.live();
    t.server.publish();
    await pass(600_000);
    expect(attempts).toBeGreaterThan(20);
    expect(t.client.state.name).toBe("live");
  });
});
