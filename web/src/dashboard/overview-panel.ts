import type { AgentEvent } from "../client";
import { durationChart, rateChart } from "./charts";
import { el, setText } from "./dom";
import { matches, stepOf, type FeedFilter } from "./feed-filter";
import { formatCount, formatDuration } from "./format";
import { runKeyOf } from "./run-book";
import { figuresOf } from "./step-figures";

const redrawMs = 1_000;

export interface OverviewSource {
  readonly events: () => readonly AgentEvent[];
  readonly filter: () => FeedFilter;
  /** A bar was clicked. */
  readonly onJump: (position: string) => void;
}

/** Figures and charts of the events that are loaded and match the filter. Drawn anew at most once a second. */
export class OverviewPanel {
  readonly element: HTMLElement;
  readonly #source: OverviewSource;
  readonly #steps = figure("Steps", "step-count");
  readonly #runs = figure("Runs", "run-count");
  readonly #failed = figure("Failed", "failed-count");
  readonly #rate = el("strong", { "data-testid": "step-rate" }, "0");
  readonly #window = el("span", { class: "hint" });
  readonly #median = el("strong", {}, "–");
  readonly #p95 = el("strong", {}, "–");
  readonly #rateChart = el("div", { class: "chart-place", "data-testid": "rate-chart" });
  readonly #durationChart = el("div", { class: "chart-place chart-jumps", "data-testid": "duration-chart" });
  readonly #cursor = el("span", { class: "cursor", "data-testid": "cursor" }, "–");
  #isStale = true;
  #drawnAt = 0;
  #planned: ReturnType<typeof setTimeout> | undefined;

  constructor(source: OverviewSource) {
    this.#source = source;
    this.#durationChart.addEventListener("click", click => {
      const position = (click.target as Element).closest<SVGElement>("[data-jump]")?.dataset.jump;
      if (position !== undefined) source.onJump(position);
    });
    this.element = el("section", { class: "panel overview", "aria-label": "Overview" },
      el("dl", { class: "figures" }, this.#steps.element, this.#runs.element, this.#failed.element),
      el("div", { class: "chart-box" },
        el("div", { class: "chart-head" }, el("h2", {}, "Pace"), el("span", { class: "chart-figures" }, this.#rate, " steps/min")),
        this.#rateChart, el("div", { class: "chart-foot hint" }, this.#window, el("span", {}, "now"))),
      el("div", { class: "chart-box" },
        el("div", { class: "chart-head" }, el("h2", {}, "Durations"), el("span", { class: "chart-figures" }, "median ", this.#median, "p95 ", this.#p95)),
        this.#durationChart),
      el("p", { class: "hint position" }, "Position ", this.#cursor));
  }

  /** Keeps the time axis going until the signal aborts. */
  attach(signal: AbortSignal): void {
    const timer = setInterval(() => this.changed(), 5_000);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      clearTimeout(this.#planned);
    });
  }

  showCursor(position: string): void {
    setText(this.#cursor, position);
  }

  changed(): void {
    this.#isStale = true;
    this.#planned ??= setTimeout(() => this.#draw(), Math.max(this.#drawnAt + redrawMs - Date.now(), 0));
  }

  #draw(): void {
    this.#planned = undefined;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#drawnAt = Date.now();
    const filter = this.#source.filter();
    const events = this.#source.events().filter(event => matches(filter, event));
    const steps = events.filter(event => stepOf(event) !== undefined);
    const failed = steps.filter(event => stepOf(event)?.status === "failed").length;
    setText(this.#steps.value, formatCount(steps.length));
    setText(this.#runs.value, formatCount(new Set(steps.map(runKeyOf)).size));
    setText(this.#failed.value, formatCount(failed));
    this.#failed.value.classList.toggle("has-failed", failed > 0);
    const figures = figuresOf(steps, Date.now());
    setText(this.#rate, figures.perMinute >= 10 ? figures.perMinute.toFixed(0) : figures.perMinute.toFixed(1));
    setText(this.#window, `${formatDuration(figures.windowMs).replace(" min 0 s", " min").replace(" h 0 min", " h")} ago`);
    setText(this.#median, figures.median === undefined ? "–" : formatDuration(figures.median));
    setText(this.#p95, figures.p95 === undefined ? "–" : formatDuration(figures.p95));
    this.#rateChart.replaceChildren(rateChart(figures));
    this.#durationChart.replaceChildren(durationChart(figures));
  }
}

function figure(name: string, testId: string): { element: HTMLElement; value: HTMLElement } {
  const value = el("dd", { "data-testid": testId }, "0");
  return { element: el("div", {}, el("dt", {}, name), value), value };
}
