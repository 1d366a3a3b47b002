import { el, icon, setText } from "./dom";
import type { FeedItem } from "./feed-layout";
import { formatDuration } from "./format";
import { lengthOf, type Run, type RunBook } from "./run-book";

type RunItem = Extract<FeedItem, { kind: "run" }>;

/** More would be thinner than a line: the newest are shown. */
const mostSegments = 24;

/** The head of a card: whose run it is and how far it has come. */
export function runHeader(item: RunItem, book: RunBook): HTMLLIElement {
  const run = book.run(item.run)!;
  const header = el("li", { class: "run", "data-testid": "run", "data-run": run.runId },
    el("div", { class: "run-line" },
      el("span", { class: `avatar hue-${hueOf(run.agentId)}`, "aria-hidden": "true" }, initials(run.agentName)),
      el("div", { class: "run-text" },
        el("h2", { class: "run-agent" }, run.agentName),
        el("span", { class: "run-id", title: `Run ${run.runId}` }, run.runId)),
      el("div", { class: "run-progress" },
        el("span", { class: "run-figures" },
          el("span", { class: "run-failed", hidden: "" }), el("span", { class: "run-steps", "data-testid": "run-steps" }), el("span", { class: "run-duration" })),
        el("span", { class: "segments", "data-testid": "run-progress" })),
      el("button", { type: "button", class: "run-toggle", "data-testid": "run-toggle", "aria-expanded": "true", "aria-label": `Steps of ${run.agentName}` }, icon("chevron"))));
  updateRunHeader(header, item, book);
  return header;
}

export function updateRunHeader(header: HTMLElement, item: RunItem, book: RunBook): void {
  const run = book.run(item.run)!;
  header.classList.toggle("run-collapsed", item.isCollapsed);
  header.querySelector(".run-toggle")!.setAttribute("aria-expanded", String(!item.isCollapsed));
  const expected = book.expectedSteps(run);
  const length = lengthOf(run);
  const state = `${length} ${expected} ${run.failed} ${run.newest}`;
  if (header.dataset.state === state) return;
  header.dataset.state = state;
  const failed = header.querySelector<HTMLElement>(".run-failed")!;
  failed.hidden = run.failed === 0;
  setText(failed, `${run.failed} failed`);
  const isOver = expected === undefined || endedEarly(run, length);
  const steps = header.querySelector<HTMLElement>(".run-steps")!;
  setText(steps, isOver ? `${length} ${length === 1 ? "step" : "steps"}` : `step ${length} of ${expected}`);
  steps.title = isOver ? "" : `The longest earlier run of this agent had ${expected} steps.`;
  setText(header.querySelector(".run-duration")!, formatDuration(run.durationMs));
  header.querySelector(".segments")!.replaceWith(segments(run, length, expected));
}

/** Its last step failed: what would have come after it is not waited for. */
function endedEarly(run: Run, length: number): boolean {
  return run.steps.get(length - 1)?.status === "failed";
}

function segments(run: Run, length: number, expected: number | undefined): HTMLElement {
  const end = Math.max(length, expected ?? 0);
  const begin = Math.max(end - mostSegments, 0);
  const parts: HTMLElement[] = [];
  for (let index = begin; index < end; index++) {
    const step = run.steps.get(index);
    parts.push(el("span", {
      class: `segment segment-${step?.status ?? (index < length ? "unseen" : "open")}`,
      title: step === undefined ? undefined : `${index + 1}. ${step.name}: ${step.status}`,
    }));
  }
  const label = `${length} ${length === 1 ? "step" : "steps"}${run.failed > 0 ? `, ${run.failed} failed` : ""}${expected === undefined ? "" : `, of about ${expected}`}`;
  return el("span", { class: "segments", "data-testid": "run-progress", role: "img", "aria-label": label }, ...parts);
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return (words.length > 1 ? [...words[0]!][0]! + [...words[1]!][0]! : name.trim().slice(0, 2)).toUpperCase();
}

/** The same colour for an agent wherever it appears. */
function hueOf(agentId: string): number {
  let sum = 0;
  for (const character of agentId) sum = (sum * 31 + character.codePointAt(0)!) % 6_007;
  return sum % 6;
}
