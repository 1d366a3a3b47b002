import type { AgentBrakeChanged, AgentEvent } from "../client";
import type { BrakeState, DashboardApi } from "./dashboard-api";
import { el, icon } from "./dom";
import { formatTime } from "./format";

/** The emergency brake: what it is now, and a switch that asks before it acts. */
export class BrakePanel {
  readonly element: HTMLElement;
  readonly #api: DashboardApi;
  readonly #toggle = el("button", {
    type: "button", role: "switch", class: "switch", "aria-checked": "false", "aria-labelledby": "brake-title", "data-testid": "brake-toggle", disabled: "",
  }, el("span", { class: "switch-knob", "aria-hidden": "true" }));
  readonly #state = el("strong", { "data-testid": "brake-state", "data-engaged": "unknown", role: "status" }, "Unknown");
  readonly #explanation = el("p", { class: "brake-text" }, "Asking the server …");
  readonly #why = el("p", { class: "brake-reason", hidden: "" });
  readonly #who = el("p", { class: "hint", hidden: "" });
  readonly #error = el("p", { class: "error", role: "alert", "data-testid": "brake-error", hidden: "" });
  readonly #dialog: HTMLDialogElement;
  readonly #dialogTitle = el("h2", { id: "brake-dialog-title" });
  readonly #dialogText = el("p", {});
  readonly #reason = el("input", {
    id: "brake-reason", type: "text", maxlength: "500", autocomplete: "off", placeholder: "Why, for those who wonder later", "data-testid": "brake-reason",
  });
  readonly #confirm = el("button", { type: "submit", class: "button button-danger", "data-testid": "brake-confirm" });
  #isEngaged = false;
  #changedAt = 0;

  constructor(api: DashboardApi) {
    this.#api = api;
    this.#toggle.addEventListener("click", () => this.#ask());
    this.#dialog = this.#makeDialog();
    this.element = el("section", { class: "panel brake", "aria-labelledby": "brake-title" },
      el("div", { class: "brake-head" }, icon("hand"), el("h2", { id: "brake-title" }, "Emergency brake"), this.#toggle),
      this.#state, this.#explanation, this.#why, this.#who, this.#error, this.#dialog);
  }

  async load(): Promise<void> {
    try {
      this.#show(await this.#api.brake());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A change by anybody, as it arrives in the stream. */
  apply(event: AgentEvent<AgentBrakeChanged>): void {
    this.#show({ ...event.data, changedAt: event.time });
  }

  #ask(): void {
    const engage = !this.#isEngaged;
    this.#dialogTitle.textContent = engage ? "Stop all agents?" : "Let the agents go on?";
    this.#dialogText.textContent = engage
      ? "Every agent of yours halts before its next step, and stays halted until the brake is released."
      : "Agents that wait at the brake continue with their next step.";
    this.#confirm.textContent = engage ? "Engage the brake" : "Release the brake";
    this.#confirm.classList.toggle("button-danger", engage);
    this.#confirm.classList.toggle("button-primary", !engage);
    this.#reason.value = "";
    this.#dialog.showModal();
  }

  async #change(engaged: boolean, reason: string): Promise<void> {
    this.#toggle.disabled = true;
    try {
      this.#show(await this.#api.setBrake(engaged, reason));
    } catch (error) {
      this.#fail(error);
    }
    this.#toggle.disabled = false;
  }

  #show(brake: BrakeState): void {
    const changedAt = brake.changedAt ? new Date(brake.changedAt).getTime() : 0;
    // An answer and an event may arrive in either order: the later change wins.
    if (changedAt < this.#changedAt) return;
    this.#changedAt = changedAt;
    this.#isEngaged = brake.engaged;
    this.#toggle.disabled = false;
    this.#toggle.setAttribute("aria-checked", String(brake.engaged));
    this.#state.dataset.engaged = String(brake.engaged);
    this.#state.textContent = brake.engaged ? "Engaged" : "Released";
    this.element.classList.toggle("brake-engaged", brake.engaged);
    this.#error.hidden = true;
    this.#explanation.textContent = brake.engaged ? "Agents halt before their next step." : "Agents are free to run.";
    this.#why.hidden = !brake.reason;
    this.#why.textContent = `“${brake.reason ?? ""}”`;
    this.#who.hidden = !brake.changedBy;
    this.#who.textContent = `${brake.changedBy ?? ""} · ${formatTime(brake.changedAt ?? "")}`;
  }

  #fail(error: unknown): void {
    this.#error.textContent = error instanceof Error ? error.message : String(error);
    this.#error.hidden = false;
  }

  #makeDialog(): HTMLDialogElement {
    const cancel = el("button", { type: "button", class: "button", "data-testid": "brake-cancel" }, "Cancel");
    const form = el("form", {},
      this.#dialogTitle, this.#dialogText,
      el("label", { for: "brake-reason" }, "Reason (optional)"), this.#reason,
      el("div", { class: "actions" }, cancel, this.#confirm));
    const dialog = el("dialog", { "aria-labelledby": "brake-dialog-title", "data-testid": "brake-dialog" }, form);
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", submit => {
      submit.preventDefault();
      dialog.close();
      void this.#change(!this.#isEngaged, this.#reason.value.trim());
    });
    return dialog;
  }
}
