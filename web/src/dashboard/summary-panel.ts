import type { AgentEvent, AgentStepCompleted } from "../client";
import { el } from "./dom";
import { isFailed } from "./event-row";

/** Figures of what this page has shown since it was opened, its history included. */
export class SummaryPanel {
  readonly #steps = el("dd", { "data-testid": "step-count" }, "0");
  readonly #failed = el("dd", { "data-testid": "failed-count" }, "0");
  readonly #runs = el("dd", { "data-testid": "run-count" }, "0");
  readonly #cursor = el("span", { class: "cursor", "data-testid": "cursor" }, "–");
  readonly #seenRuns = new Set<string>();
  #stepCount = 0;
  #failedCount = 0;
  readonly element = el("section", { class: "panel", "aria-label": "Summary" },
    el("dl", { class: "figures" },
      el("div", {}, el("dt", {}, "Steps"), this.#steps),
      el("div", {}, el("dt", {}, "Runs"), this.#runs),
      el("div", { class: "figure-failed" }, el("dt", {}, "Failed"), this.#failed)),
    el("p", { class: "hint" }, "Seen up to position ", this.#cursor));

  count(event: AgentEvent): void {
    if (event.type !== "agent.step_completed") return;
    const { runId } = (event.data ?? {}) as Partial<AgentStepCompleted>;
    if (typeof runId === "string") this.#seenRuns.add(runId);
    this.#steps.textContent = String(++this.#stepCount);
    this.#runs.textContent = String(this.#seenRuns.size);
    if (isFailed(event)) this.#failedCount++;
    this.#failed.textContent = String(this.#failedCount);
    this.#failed.classList.toggle("has-failed", this.#failedCount > 0);
  }

  showCursor(position: string): void {
    this.#cursor.textContent = position;
  }
}
