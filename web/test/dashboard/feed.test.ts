// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../src/client";
import { Feed } from "../../src/dashboard/feed";

function step(sequence: number, runId = "r1", more: object = {}): AgentEvent {
  return {
    type: "agent.step_completed", id: `id-${sequence}`, position: `k.${sequence}`, time: "2026-11-23T03:00:00.000001Z",
    data: { agentId: "a", agentName: "Agent", runId, stepIndex: 0, stepName: `Step ${sequence}`, status: "succeeded", startedAt: "", durationMs: 5, ...more },
  };
}

const positions = (feed: Feed) => [...feed.element.querySelectorAll<HTMLElement>("[data-position]")].map(row => row.dataset.position);

/** The feed as text: cards as their positions, markers as "--". */
const outline = (feed: Feed) => [...feed.element.children].map(child => child.classList.contains("marker")
  ? "--"
  : [...child.querySelectorAll<HTMLElement>("[data-position], .marker")].map(row => row.dataset.position?.slice(2) ?? "-").join(" "));

describe("feed", () => {
  it("shows the newest event first, and puts neighbours of one run into one card", () => {
    const feed = new Feed();
    feed.add(step(1));
    feed.add(step(2));
    feed.add(step(3, "r2"));
    feed.add(step(4));
    expect(outline(feed)).toEqual(["4", "3", "2 1"]);
  });

  it("continues the cards in both directions", () => {
    const feed = new Feed();
    feed.addOlder([step(5), step(4), step(3, "r0")]);
    feed.add(step(6));
    feed.addOlder([step(2, "r0")]);
    expect(outline(feed)).toEqual(["6 5 4", "3 2"]);
    expect(feed.oldest).toBe("k.2");
  });

  it("marks what was missed below the missed events, and keeps them in a card of their own", () => {
    const feed = new Feed();
    feed.add(step(1));
    feed.markAway();
    feed.add(step(2));
    feed.markAway();
    feed.add(step(3));
    feed.markReturn(2, "You missed 2 events");
    feed.add(step(4));
    expect(outline(feed)).toEqual(["4", "3 2", "--", "1"]);
    expect(feed.element.querySelector<HTMLElement>("[data-testid=missed-marker]")?.dataset.missed).toBe("2");
  });

  it("sets no marker when nothing was missed, and goes on in the same card", () => {
    const feed = new Feed();
    feed.add(step(1));
    feed.markAway();
    feed.markReturn(0, "");
    expect(outline(feed)).toEqual(["1"]);
    feed.add(step(2));
    expect(outline(feed)).toEqual(["2 1"]);
  });

  it("puts nothing below a notice that came while away", () => {
    const feed = new Feed();
    feed.add(step(1));
    feed.markAway();
    feed.addNotice("Some events are no longer kept.");
    feed.markReturn(0, "");
    feed.add(step(2));
    expect([...feed.element.children].map(child => child.querySelector<HTMLElement>("[data-position]")?.dataset.position ?? "notice")).toEqual(["k.2", "notice", "k.1"]);
  });

  it("marks everything as missed when there was nothing before", () => {
    const feed = new Feed();
    feed.markAway();
    feed.add(step(1));
    feed.markReturn(1, "You missed 1 event");
    expect(outline(feed)).toEqual(["1", "--"]);
  });

  it("marks the last visit between cards, within a card, and below the history", () => {
    const visited = (seen: string) => {
      const feed = new Feed();
      feed.addOlder([step(9, "r2"), step(8), step(7)]);
      feed.markLastVisit(seen, 1, "since your last visit");
      return outline(feed);
    };
    expect(visited("k.8")).toEqual(["9", "--", "8 7"]);
    expect(visited("k.7")).toEqual(["9", "8 - 7"]);
    expect(visited("k.3")).toEqual(["9", "8 7", "--"]);
  });

  it("keeps a bounded number of rows, also within one long run", () => {
    const feed = new Feed(20);
    for (let i = 1; i <= 40; i++) feed.add(step(i, i < 35 ? "r1" : `r${i}`));
    expect(positions(feed)).toHaveLength(20);
    expect(positions(feed)[0]).toBe("k.40");
    expect(feed.oldest).toBe("k.21");
    feed.addOlder([step(20)]);
    expect(positions(feed).at(-1)).toBe("k.20");
  });

  it("shows markup in events as text", () => {
    const feed = new Feed();
    const evil = "<img src=x onerror=alert(1)>";
    feed.add(step(1, evil, { agentName: evil, stepName: evil, status: "failed", error: evil, output: evil }));
    feed.add({ ...step(2), type: evil, data: evil });
    for (const toggle of feed.element.querySelectorAll<HTMLElement>("[data-testid=details-toggle]")) toggle.click();
    expect(feed.element.querySelector("img")).toBeNull();
    expect(feed.element.textContent).toContain(evil);
  });

  it("survives data that is not what its type promises", () => {
    const feed = new Feed();
    for (const data of [null, 42, [], {}, { status: "__proto__", stepName: {} }]) {
      for (const type of ["agent.step_completed", "agent.brake_changed", "briefing.delivered", "unknown"]) {
        feed.add({ ...step(1), type, data });
      }
    }
    expect(positions(feed)).toHaveLength(20);
  });

  it("makes failed steps stand out, and counts them per run", () => {
    const feed = new Feed();
    feed.add(step(1, "r1", { status: "failed", error: "no route" }));
    feed.add(step(2, "r1", { status: "failed" }));
    feed.add(step(3));
    expect(feed.element.querySelectorAll("[data-kind=failed]")).toHaveLength(2);
    expect(feed.element.querySelector(".run-failed")?.textContent).toBe("2 failed");
    expect(feed.element.textContent).toContain("no route");
  });

  it("opens and closes the details of an event", () => {
    const feed = new Feed();
    feed.add(step(1));
    const toggle = feed.element.querySelector<HTMLElement>("[data-testid=details-toggle]")!;
    const details = feed.element.querySelector<HTMLElement>("[data-testid=details]")!;
    expect(details.hidden).toBe(true);
    toggle.click();
    expect([details.hidden, toggle.getAttribute("aria-expanded")]).toEqual([false, "true"]);
    expect(details.textContent).toContain('"stepName": "Step 1"');
    toggle.click();
    expect([details.hidden, toggle.getAttribute("aria-expanded")]).toEqual([true, "false"]);
  });
});
