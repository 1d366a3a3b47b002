import type { AgentEvent } from "../client";
import { copyButton } from "./clipboard";
import { el } from "./dom";
import { stepOf } from "./feed-filter";
import { formatDuration } from "./format";
import { jsonView } from "./json-view";

/** Everything about an event: what is wrong first, facts, then its data as it came. */
export function eventDetails(event: AgentEvent): HTMLElement[] {
  const step = stepOf(event);
  const facts: [string, unknown][] = [
    ["Position", event.position], ["Time", event.time], ["Type", event.type], ["Id", event.id],
    ...(step === undefined ? [] : [
      ["Agent", step.agentId], ["Run", step.runId], ["Step", step.stepIndex], ["Started", step.startedAt],
      ["Took", typeof step.durationMs === "number" ? formatDuration(step.durationMs) : undefined],
    ] as [string, unknown][]),
  ];
  const json = JSON.stringify(event.data, undefined, 2) ?? "";
  return [
    ...(step?.status === "failed" && step.error ? [el("p", { class: "details-error" }, String(step.error))] : []),
    el("dl", {}, ...facts.filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))))),
    jsonView(json, "Data of the event"),
    el("div", { class: "details-actions" },
      copyButton("Copy JSON", () => JSON.stringify(event, undefined, 2), "copy-json"),
      copyButton("Copy position", () => event.position, "copy-position")),
  ];
}
