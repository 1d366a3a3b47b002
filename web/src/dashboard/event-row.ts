import type { AgentBrakeChanged, AgentEvent, AgentStepCompleted, BriefingDelivered } from "../client";
import { el, icon, type IconName } from "./dom";
import { eventDetails } from "./event-details";
import { stepOf } from "./feed-filter";
import type { FeedItem } from "./feed-layout";
import { formatDuration, formatTime, plural } from "./format";

/** What the feed shows of an event before its details are opened. */
interface Summary {
  readonly kind: "ok" | "failed" | "skipped" | "brake" | "info";
  readonly icon: IconName;
  /** What the icon says, for those who do not see it. */
  readonly label: string;
  readonly title: string;
  readonly text?: string | undefined;
  readonly chip?: string | undefined;
}

export interface RowState {
  readonly isOpen: boolean;
  readonly isActive: boolean;
  /** It came a moment ago. */
  readonly isNew: boolean;
}

type EventItem = Extract<FeedItem, { kind: "event" }>;

let nextDetailsId = 0;

export function isFailed(event: AgentEvent): boolean {
  return stepOf(event)?.status === "failed";
}

/** The row of an event. Its details are made when they are opened: most are never looked at. */
export function eventRow(item: EventItem, state: RowState): HTMLLIElement {
  const { event } = item;
  const summary = summarize(event);
  const detailsId = `details-${nextDetailsId++}`;
  const row = el("li", { "data-testid": "event-row", "data-position": event.position, "data-type": event.type, "data-kind": summary.kind },
    el("div", { class: "row-line" },
      el("span", { class: "row-icon", role: "img", "aria-label": summary.label, title: summary.label }, icon(summary.icon)),
      el("div", { class: "row-text" },
        el("span", { class: "row-title" }, summary.title),
        summary.text === undefined ? undefined : el("span", { class: "row-summary" }, summary.text)),
      el("div", { class: "row-meta" },
        summary.chip === undefined ? undefined : el("span", { class: "row-duration" }, summary.chip),
        el("time", { datetime: event.time, title: event.time }, formatTime(event.time)),
        el("button", {
          type: "button", class: "row-toggle", "data-testid": "details-toggle",
          "aria-expanded": "false", "aria-controls": detailsId, "aria-label": `Details of ${summary.title}`,
        }, icon("chevron")))),
    el("div", { id: detailsId, class: "details", "data-testid": "details", hidden: "" }));
  updateEventRow(row, item, state);
  return row;
}

export function updateEventRow(row: HTMLElement, item: EventItem, state: RowState): void {
  const classes = [
    "row", `row-${row.dataset.kind}`, item.isAlone && "row-alone", item.isLast && "row-last",
    item.isMissed && "row-missed", state.isActive && "row-active", state.isOpen && "row-open", state.isNew && "row-new",
  ].filter(Boolean).join(" ");
  if (row.className !== classes) row.className = classes;
  const details = row.querySelector<HTMLElement>(".details")!;
  if (details.hidden !== state.isOpen) return;
  if (state.isOpen) details.append(...eventDetails(item.event));
  else details.replaceChildren();
  details.hidden = !state.isOpen;
  row.querySelector(".row-toggle")!.setAttribute("aria-expanded", String(state.isOpen));
}

function summarize(event: AgentEvent): Summary {
  // A publisher's mistake must cost its own row at most, not the feed.
  if (typeof event.data !== "object" || event.data === null) return raw(event);
  switch (event.type) {
    case "agent.step_completed": return summarizeStep(event.data as AgentStepCompleted);
    case "agent.brake_changed": {
      const { engaged, reason, changedBy } = event.data as AgentBrakeChanged;
      return {
        kind: "brake", icon: "hand", label: "Emergency brake", title: engaged ? "Emergency brake engaged" : "Emergency brake released",
        text: [reason, `by ${changedBy}`].filter(Boolean).join(" · "),
      };
    }
    case "briefing.delivered": {
      const { title, channel, itemCount } = event.data as BriefingDelivered;
      return { kind: "info", icon: "mail", label: "Briefing", title: String(title), text: `Briefing delivered to ${channel}`, chip: plural(Number(itemCount), "item") };
    }
    default: return raw(event);
  }
}

function summarizeStep(step: AgentStepCompleted): Summary {
  const shown = {
    succeeded: { kind: "ok", icon: "check", label: "Succeeded" },
    failed: { kind: "failed", icon: "cross", label: "Failed" },
    skipped: { kind: "skipped", icon: "skip", label: "Skipped" },
  } as const;
  const look = Object.hasOwn(shown, step.status) ? shown[step.status] : { kind: "info", icon: "dot", label: "Step" } as const;
  return {
    ...look,
    title: String(step.stepName),
    text: (look.kind === "failed" ? step.error ?? step.summary : step.summary) ?? undefined,
    chip: typeof step.durationMs === "number" ? formatDuration(step.durationMs) : undefined,
  };
}

function raw(event: AgentEvent): Summary {
  const text = JSON.stringify(event.data) ?? "";
  return { kind: "info", icon: "dot", label: "Event", title: event.type, text: text.length > 120 ? `${text.slice(0, 119)}…` : text };
}
