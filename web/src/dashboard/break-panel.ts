import type { ClientMetrics } from "../client";
import type { DashboardApi, Fault } from "./dashboard-api";
import type { DeliveryCheck } from "./delivery-check";
import { el, icon, setText, type IconName } from "./dom";
import { formatCount } from "./format";

const refreshMs = 250;

const faults: readonly { readonly fault: Fault; readonly icon: IconName; readonly label: string; readonly said: string }[] = [
  { fault: "cut", icon: "unplug", label: "Cut my socket", said: "Cut. The client reconnects and fetches what it missed." },
  { fault: "drop", icon: "drop", label: "Drop the next push", said: "The next event gets lost on its way. The one after it reveals the gap." },
  { fault: "deafen", icon: "deaf", label: "Deafen the node", said: "This node pushes nothing for 10 s. Its head check still delivers." },
];

/** Development only: breaks what the page depends on, beside counters that say what became of it. */
export class BreakPanel {
  readonly element: HTMLElement;
  readonly #api: DashboardApi;
  readonly #metrics: () => ClientMetrics;
  readonly #check: DeliveryCheck;
  readonly #healed = counter("Gaps healed", "gaps-healed");
  readonly #dropped = counter("Duplicates dropped", "duplicates-dropped");
  readonly #lost = counter("Lost", "lost");
  readonly #status = el("p", { class: "hint", role: "status", "data-testid": "break-status" }, "Go ahead. Nothing you do here loses an event.");

  constructor(api: DashboardApi, metrics: () => ClientMetrics, check: DeliveryCheck) {
    this.#api = api;
    this.#metrics = metrics;
    this.#check = check;
    const buttons = faults.map(({ fault, icon: name, label, said }) => {
      const button = el("button", { type: "button", class: "button button-small", "data-testid": `break-${fault}` }, icon(name), label);
      button.addEventListener("click", () => void this.#break(button, fault, said));
      return button;
    });
    this.element = el("section", { class: "panel break", "aria-labelledby": "break-title", "data-testid": "break-panel" },
      el("div", { class: "break-head" }, icon("bolt"), el("h2", { id: "break-title" }, "Break it"), el("span", { class: "hint" }, "Development only")),
      el("div", { class: "break-buttons" }, ...buttons),
      el("dl", { class: "counters" }, this.#healed.element, this.#dropped.element, this.#lost.element),
      this.#status);
  }

  /** Follows the counters until the signal aborts. */
  attach(signal: AbortSignal): void {
    const timer = setInterval(() => this.refresh(), refreshMs);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  refresh(): void {
    const { gapsHealed, duplicatesDropped } = this.#metrics();
    setText(this.#healed.value, formatCount(gapsHealed));
    setText(this.#dropped.value, formatCount(duplicatesDropped));
    const lost = this.#check.lost + this.#check.wrong;
    setText(this.#lost.value, formatCount(lost));
    this.#lost.element.classList.toggle("counter-bad", lost > 0);
  }

  async #break(button: HTMLButtonElement, fault: Fault, said: string): Promise<void> {
    button.disabled = true;
    try {
      await this.#api.breakIt(fault);
      setText(this.#status, said);
    } catch (error) {
      setText(this.#status, `It would not break: ${error instanceof Error ? error.message : String(error)}`);
    }
    button.disabled = false;
  }
}

function counter(name: string, testId: string): { element: HTMLElement; value: HTMLElement } {
  const value = el("dd", { "data-testid": testId }, "0");
  return { element: el("div", {}, el("dt", {}, name), value), value };
}
