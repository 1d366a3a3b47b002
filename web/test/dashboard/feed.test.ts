// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { AgentEvent } from "../../src/client";
import { Feed } from "../../src/dashboard/feed";
import { RunBook } from "../../src/dashboard/run-book";
import { step } from "../support/events";

const make = (mostEvents?: number) => {
  const onForgotten = vi.fn();
  const feed = new Feed({ book: new RunBook(), covered: () => 0, onClearFilter: () => {}, onForgotten, ...(mostEvents !== undefined && { mostEvents }) });
  const find = (selector: string) => {
    feed.renderNow();
    return [...feed.element.querySelectorAll<HTMLElement>(selector)];
  };
  return { feed, find, onForgotten, positions: () => find("[data-position]").map(row => row.dataset.position) };
};

const addAll = (feed: Feed, ...events: AgentEvent[]) => { for (const event of events) feed.add(event); };

describe("feed", () => {
  it("says that it loads, that there is nothing, and that nothing matches", () => {
    const { feed, find } = make();
    expect(find("[data-testid=feed-loading]")).toHaveLength(1);
    feed.addOlder([], true);
    expect(find("[data-testid=feed-empty]")).toHaveLength(1);
    feed.add(step(1));
    expect(find("[data-testid=feed-empty]")).toHaveLength(0);
    feed.setView({ view: "runs", filter: { status: "failed" } });
    expect(find("[data-testid=nothing-matches]")).toHaveLength(1);
  });

  it("has elements only for what is in sight", () => {
    const { feed, positions } = make();
    feed.addOlder(Array.from({ length: 5_000 }, (_, i) => step(5_000 - i)), true);
    expect(positions()[0]).toBe("k.5000");
    expect(positions().length).toBeLessThan(80);
    expect(feed.lineCount).toBe(5_001);
  });

  it("keeps a bounded number of events, and says when it has forgotten some", () => {
    const { feed, onForgotten } = make(20);
    for (let i = 1; i <= 21; i++) feed.add(step(i));
    expect(onForgotten).toHaveBeenCalledOnce();
    expect(feed.oldest).toBe("k.3");
  });

  it("marks what was missed, however often the connection was lost meanwhile", () => {
    const { feed, find } = make();
    feed.addOlder([step(1)], true);
    feed.markAway();
    feed.add(step(2));
    feed.markAway();
    feed.add(step(3));
    feed.markReturn(2, "You missed 2 events");
    feed.add(step(4));
    expect(find("[data-position], [data-missed]").map(line => line.dataset.missed ?? line.dataset.position)).toEqual(["k.4", "k.3", "k.2", "2", "k.1"]);
    expect(find(".row-missed").map(row => row.dataset.position)).toEqual(["k.3", "k.2"]);
  });

  it("sets no marker when nothing was missed", () => {
    const { feed, find } = make();
    feed.add(step(1));
    feed.markAway();
    feed.markReturn(0, "");
    feed.add(step(2));
    expect(find(".marker")).toHaveLength(0);
    expect(find("[data-testid=run]")).toHaveLength(1);
  });

  it("shows markup in events as text", () => {
    const { feed, find } = make();
    const evil = "<img src=x onerror=alert(1)>";
    addAll(feed, step(1, evil, { agentName: evil, stepName: evil, status: "failed", error: evil, output: evil }), { ...step(2), type: evil, data: evil });
    for (const toggle of find("[data-testid=details-toggle]")) toggle.click();
    expect(find("img")).toHaveLength(0);
    expect(feed.element.textContent).toContain(evil);
  });

  it("survives data that is not what its type promises", () => {
    const { feed, positions } = make();
    let sequence = 0;
    for (const data of [null, 42, [], {}, { status: "__proto__", stepName: {} }]) {
      for (const type of ["agent.step_completed", "agent.brake_changed", "briefing.delivered", "unknown"]) feed.add({ ...step(++sequence), type, data });
    }
    expect(positions()).toHaveLength(20);
  });

  it("makes failed steps stand out, counts them per run and tells how far the run has come", () => {
    const { feed, find } = make();
    addAll(feed, step(1, "r0", { stepIndex: 4 }), step(2, "r1", { status: "failed", error: "no route" }), step(3, "r1", { status: "failed", stepIndex: 1 }), step(4, "r1", { stepIndex: 2 }));
    expect(find("[data-kind=failed]")).toHaveLength(2);
    expect(find(".run-failed")[0]?.textContent).toBe("2 failed");
    expect(find("[data-testid=run-steps]")[0]?.textContent).toBe("step 3 of 5");
    expect(find("[data-testid=run]")[0]?.querySelectorAll(".segment-failed")).toHaveLength(2);
    expect(feed.element.textContent).toContain("no route");
  });

  it("opens and closes the details of an event, by click and by key", () => {
    const { feed, find } = make();
    feed.add(step(1));
    const details = () => find("[data-testid=details]")[0]!;
    find("[data-testid=details-toggle]")[0]!.click();
    expect(details().hidden).toBe(false);
    expect(details().textContent).toContain('"stepName": "Step 1"');
    details().click();
    expect(details().hidden).toBe(false);
    expect(feed.closeDetails()).toBe(true);
    expect([details().hidden, feed.closeDetails()]).toEqual([true, false]);
    feed.move(1); // the head of its run
    feed.move(1);
    feed.toggleActive();
    expect(details().hidden).toBe(false);
    expect(find(".row-active")[0]?.dataset.position).toBe("k.1");
  });

  it("closes the card of a run", () => {
    const { feed, find, positions } = make();
    addAll(feed, step(1), step(2));
    find("[data-testid=run-toggle]")[0]!.click();
    expect(positions()).toEqual([]);
    find("[data-testid=run-toggle]")[0]!.click();
    expect(positions()).toEqual(["k.2", "k.1"]);
  });
});
