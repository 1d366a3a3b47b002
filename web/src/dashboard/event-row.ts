import type { AgentBrakeChanged, AgentEvent, AgentStepCompleted, BriefingDelivered } from "../client";
import { el, icon, type IconName } from "./dom";
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

let nextDetailsId = 0;

export function isFailed(event: AgentEvent): boolean {
  return event.type === "agent.step_completed" && (event.data as AgentStepCompleted | null)?.status === "failed";
}

export function eventRow(event: AgentEvent): HTMLLIElement {
  const summary = summarize(event);
  const detailsId = `details-${nextDetailsId++}`;
  const toggle = el("button", {
    type: "button", class: "row-toggle", "data-testid": "details-toggle",
    "aria-expanded": "false", "aria-controls": detailsId, "aria-label": `Details of ${summary.title}`,
  }, el("span", {}, "Details"), icon("chevron"));
  const details = el("div", { id: detailsId, class: "details", "data-testid": "details", hidden: "" });
  toggle.addEventListener("click", () => {
    const isOpen = details.hidden;
    // Filled on first use: most details are never looked at.
    if (details.childElementCount === 0) details.append(...detailsOf(event));
    details.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  });

  return el("li", { class: `row row-${summary.kind}`, "data-testid": "event-row", "data-position": event.position, "data-type": event.type, "data-kind": summary.kind },
    el("span", { class: "row-icon", role: "img", "aria-label": summary.label, title: summary.label }, icon(summary.icon)),
    el("div", { class: "row-text" },
      el("span", { class: "row-title" }, summary.title),
      summary.text === undefined ? undefined : el("span", { class: "row-summary" }, summary.text)),
    el("div", { class: "row-meta" },
      summary.chip === undefined ? undefined : el("span", { class: "row-duration" }, summary.chip),
      el("time", { datetime: event.time, title: event.time }, formatTime(event.time)),
      toggle),
    details);
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

function detailsOf(event: AgentEvent): HTMLElement[] {
  const facts: [string, string][] = [["Type", event.type], ["Position", event.position], ["Time", event.time], ["Id", event.id]];
  return [
    el("dl", {}, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("pre", { tabindex: "0", "aria-label": "Data of the event" }, JSON.stringify(event.data, undefined, 2) ?? ""),
  ];
}
