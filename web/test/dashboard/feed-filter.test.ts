import { describe, expect, it } from "vitest";
import { isFiltering, matches, readView, writeView } from "../../src/dashboard/feed-filter";
import { step } from "../support/events";

describe("a view in the address", () => {
  it("comes back as it was written, and leaves the rest of the address alone", () => {
    const shared = { view: "timeline", filter: { agent: "a b", status: "failed", type: "agent.step_completed", text: "no & route" } } as const;
    const query = writeView("?user=zoe", shared);
    expect(new URLSearchParams(query).get("user")).toBe("zoe");
    expect(readView(query)).toEqual(shared);
    expect(writeView(query, { view: "runs", filter: {} })).toBe("?user=zoe");
    expect(writeView("", { view: "runs", filter: {} })).toBe("");
  });

  it("ignores what it does not know", () => {
    expect(readView("?status=wild&view=other&q=%20")).toEqual({ view: "runs", filter: {} });
    expect(isFiltering({})).toBe(false);
  });
});

describe("filter", () => {
  const event = step(7, "run-9", { agentId: "inbox", status: "failed", error: "The mail server did not answer" });

  it.each([
    [{}, true], [{ agent: "inbox" }, true], [{ agent: "other" }, false], [{ status: "failed" }, true], [{ status: "skipped" }, false],
    [{ type: "agent.step_completed" }, true], [{ type: "x" }, false], [{ text: "MAIL run-9" }, true], [{ text: "mail nowhere" }, false], [{ text: "k.7" }, true],
  ] as const)("%j lets it through: %s", (filter, expected) => expect(matches(filter, event)).toBe(expected));

  it("lets no step's filter match data that is none", () => {
    expect(matches({ status: "failed" }, { ...event, data: null })).toBe(false);
    expect(matches({ text: "x" }, { ...event, data: undefined })).toBe(false);
  });
});
