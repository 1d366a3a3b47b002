import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../src/client";
import type { FeedFilter, FeedView } from "../../src/dashboard/feed-filter";
import { layOut, type Mark } from "../../src/dashboard/feed-layout";
import { step } from "../support/events";

const at = (sequence: number, epoch = "k") => ({ epoch, sequence });

/** The feed as text: cards as sequences (missed ones starred), marks as "--". */
function outline(events: AgentEvent[], options: { view?: FeedView; marks?: Mark[]; filter?: FeedFilter; collapsed?: string[]; isComplete?: boolean } = {}): string {
  const { view = "runs", marks = [], filter = {}, collapsed = [], isComplete = true } = options;
  return layOut({ events, marks, filter, view, collapsed: new Set(collapsed), isComplete })
    .map(item => item.kind === "run" ? `[${item.run.split(" ")[1]}${item.isCollapsed ? ` +${item.count}` : ""}]` : item.kind === "mark" ? "--" : `${item.event.position.split(".")[1]}${item.isMissed ? "*" : ""}`)
    .join(" ");
}

describe("layout of the feed", () => {
  const mixed = [step(1, "r1"), step(2, "r2"), step(3, "r1"), step(4, "r2"), step(5, "r1")];

  it("gathers runs into cards, the one with the newest event first", () => {
    expect(outline(mixed)).toBe("[r1] 5 3 1 [r2] 4 2");
  });

  it("keeps the order of time in a timeline, where neighbours share a card", () => {
    expect(outline([...mixed, step(6, "r1")], { view: "timeline" })).toBe("[r1] 6 5 [r2] 4 [r1] 3 [r2] 2 [r1] 1");
  });

  it("leaves events without a run alone", () => {
    expect(outline([step(1), { ...step(2), type: "briefing.delivered" }, step(3)])).toBe("[r1] 3 1 2");
  });

  it("parts runs at what was missed, and marks it", () => {
    const missed: Mark = { id: 0, kind: "missed", text: "", missed: 2, after: at(2), until: at(4) };
    expect(outline(mixed, { marks: [missed] })).toBe("[r1] 5 3* [r2] 4* -- [r2] 2 [r1] 1");
  });

  it("puts a mark with nothing below it at the end, once the end is there", () => {
    const missed: Mark = { id: 0, kind: "missed", text: "", missed: 5, after: undefined, until: at(5) };
    expect(outline(mixed, { marks: [missed] })).toBe("[r1] 5* 3* 1* [r2] 4* 2* --");
    expect(outline(mixed, { marks: [missed], isComplete: false })).toBe("[r1] 5* 3* 1* [r2] 4* 2*");
  });

  it("shows several marks at one place in the order they came", () => {
    const lost: Mark = { id: 0, kind: "lost", text: "", after: at(2) };
    const visit: Mark = { id: 1, kind: "visit", text: "", missed: 1, after: at(3), until: at(5) };
    expect(outline(mixed, { marks: [lost, visit] })).toBe("[r1] 5* [r2] 4* -- [r1] 3 -- [r2] 2 [r1] 1");
  });

  it("finds the place of a mark of an older epoch", () => {
    const renewed = [step(1), step(2), { ...step(3), position: "z.1" }];
    expect(outline(renewed, { marks: [{ id: 0, kind: "lost", text: "", after: at(2) }] })).toBe("[r1] 1 -- [r1] 2 1");
  });

  it("shows only what the filter lets through, and closes cards", () => {
    const events = [step(1), step(2, "r1", { status: "failed" }), step(3, "r2", { agentId: "b" })];
    expect(outline(events, { filter: { status: "failed" } })).toBe("[r1] 2");
    expect(outline(events, { filter: { agent: "b" } })).toBe("[r2] 3");
    expect(outline(events, { collapsed: ["now a r1"] })).toBe("[r2] 3 [r1 +2]");
  });
});
