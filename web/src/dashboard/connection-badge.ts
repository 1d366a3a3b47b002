import type { ConnectionState } from "../client";
import { el, icon } from "./dom";
import { formatDuration } from "./format";

const labels: Record<ConnectionState["name"], string> = {
  idle: "Connecting",
  connecting: "Connecting",
  catchingUp: "Catching up",
  live: "Live",
  reconnecting: "Reconnecting",
  stopped: "Stopped",
};

/** Where the connection stands, and when it will be tried next. */
export class ConnectionBadge {
  readonly #label = el("span", {}, labels.idle);
  // Not announced: a screen reader that counts down helps nobody.
  readonly #countdown = el("span", { class: "countdown", "data-testid": "countdown", role: "timer", "aria-live": "off", hidden: "" });
  readonly #latency = el("span", { class: "latency", "data-testid": "latency", title: "To the server and back", hidden: "" });
  readonly #badge = el("div", { class: "badge", "data-testid": "connection-state", "data-state": "connecting" },
    el("span", { class: "badge-dot", "aria-hidden": "true" }),
    el("span", { role: "status" }, this.#label), this.#countdown, this.#latency);
  readonly #text = el("p", {});
  readonly #retry: HTMLButtonElement;
  readonly #notice: HTMLElement;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(onRetry: () => void) {
    this.#retry = el("button", { type: "button", class: "button button-small", "data-testid": "retry-now" }, "Try now");
    this.#retry.addEventListener("click", onRetry);
    this.#notice = el("div", { class: "notice", "data-testid": "connection-detail", hidden: "" }, icon("offline"), this.#text, this.#retry);
  }

  get badge(): HTMLElement {
    return this.#badge;
  }

  get notice(): HTMLElement {
    return this.#notice;
  }

  /** Time to the server and back; undefined while there is none. */
  showLatency(ms: number | undefined): void {
    this.#latency.hidden = ms === undefined;
    this.#latency.textContent = ms === undefined ? "" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  }

  show(state: ConnectionState): void {
    clearInterval(this.#timer);
    this.#badge.dataset.state = state.name === "catchingUp" ? "catching-up" : state.name === "idle" ? "connecting" : state.name;
    if (this.#label.textContent !== labels[state.name]) this.#label.textContent = labels[state.name];
    const nextAttemptAt = "nextAttemptAt" in state ? state.nextAttemptAt : undefined;
    this.#countdown.hidden = nextAttemptAt === undefined;
    if (nextAttemptAt !== undefined) {
      this.#countDownTo(nextAttemptAt);
      this.#timer = setInterval(() => this.#countDownTo(nextAttemptAt), 250);
    }
    const explanation = explain(state);
    this.#text.textContent = explanation ?? "";
    this.#notice.hidden = explanation === undefined;
    this.#notice.classList.toggle("notice-error", state.name === "stopped");
    this.#retry.hidden = nextAttemptAt === undefined;
  }

  #countDownTo(at: number): void {
    const seconds = Math.max(Math.ceil((at - Date.now()) / 1_000), 0);
    this.#countdown.textContent = `${seconds} s`;
    this.#countdown.title = `Next attempt in ${seconds} s`;
  }
}

function explain(state: ConnectionState): string | undefined {
  switch (state.name) {
    case "reconnecting":
      return `${sentence(state.reason ?? "connection lost")} What you miss appears after the reconnect.`;
    case "connecting": return state.reason === undefined ? undefined : sentence(state.reason);
    case "catchingUp": return state.reason === undefined ? undefined : sentence(state.reason);
    case "stopped":
      return {
        requested: "The connection was closed.",
        wrongUser: "The access token belongs to another user. Reload the page to sign in again.",
        signInRequired: "You need to sign in again.",
        cursorUnreadable: "What this page had stored about where it was cannot be read.",
        handlerFailed: "An event could not be shown. Reload the page to start again.",
        failed: "Something unexpected happened. Reload the page to start again.",
      }[state.reason];
    default: return undefined;
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

export function awayText(missed: number, awayMs: number): string {
  return `You missed ${missed.toLocaleString("en")} ${missed === 1 ? "event" : "events"} while away (${formatDuration(awayMs)})`;
}
