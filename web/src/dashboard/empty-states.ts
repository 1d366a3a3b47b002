import { copyButton } from "./clipboard";
import { el, icon } from "./dom";

/** The stream is there and holds nothing. */
export function emptyFeed(): HTMLElement {
  const command = [
    `curl ${new URL("api/v1/agents/events", document.baseURI).href} \\`,
    '  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
    `  -d '{"userId":"…","type":"briefing.delivered","data":{"briefingId":"b1","title":"Hello","channel":"email","itemCount":1}}'`,
  ].join("\n");
  return el("div", { class: "empty", "data-testid": "feed-empty" },
    el("span", { class: "empty-icon", "aria-hidden": "true" }, icon("pulse")),
    el("strong", {}, "Nothing has happened yet"),
    el("p", {}, "You are connected. Steps appear here the moment an agent completes them."),
    el("details", {},
      el("summary", {}, "Publish the first event"),
      el("pre", { class: "command", tabindex: "0", role: "region", "aria-label": "Command" }, command),
      el("p", { class: "hint" }, "The token needs the scope events:publish."),
      copyButton("Copy command", () => command, "copy-command")));
}

/** There are events, and the filter hides them all. */
export function nothingMatches(onClear: () => void): HTMLElement {
  const clear = el("button", { type: "button", class: "button", "data-testid": "clear-filter" }, "Show everything");
  clear.addEventListener("click", onClear);
  return el("div", { class: "empty", "data-testid": "nothing-matches" },
    el("span", { class: "empty-icon", "aria-hidden": "true" }, icon("search")),
    el("strong", {}, "Nothing matches"),
    el("p", {}, "None of the events loaded so far fits this filter. New ones that do appear here."),
    clear);
}

/** The history is on its way. */
export function skeleton(): HTMLElement {
  const line = () => el("div", { class: "skeleton-row" }, el("span", { class: "skeleton-dot" }), el("span", { class: "skeleton-text" }), el("span", { class: "skeleton-end" }));
  return el("div", { class: "skeleton", "data-testid": "feed-loading", role: "status", "aria-label": "Loading" }, line(), line(), line(), line(), line());
}
