import { el, icon, setText } from "./dom";
import { isFiltering, statuses, type FeedFilter, type FeedView, type SharedView, type Status } from "./feed-filter";
import type { RunBook } from "./run-book";

/** Words for types that the contract knows; any other is shown by its own name. */
const typeNames: Record<string, string> = {
  "agent.step_completed": "Steps",
  "agent.brake_changed": "Brake",
  "briefing.delivered": "Briefings",
};

const statusNames: Record<Status, string> = { succeeded: "Succeeded", failed: "Failed", skipped: "Skipped" };

const typingPauseMs = 120;

/** What of the stream is shown. It says so to whoever listens, and never changes by itself. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #book: RunBook;
  readonly #onChange: (shared: SharedView) => void;
  readonly #text = el("input", {
    type: "search", class: "search-input", placeholder: "Search steps, runs, errors", "aria-label": "Search events", autocomplete: "off", spellcheck: "false", "data-testid": "filter-text",
  });
  readonly #agent = el("select", { "aria-label": "Agent", "data-testid": "filter-agent" });
  readonly #type = el("select", { "aria-label": "Type", "data-testid": "filter-type" });
  readonly #clear = el("button", { type: "button", class: "link", "data-testid": "filter-clear" }, "Clear");
  readonly #status: HTMLElement;
  readonly #view: HTMLElement;
  #shared: SharedView;
  #offered = "";
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(shared: SharedView, book: RunBook, onChange: (shared: SharedView) => void) {
    this.#shared = shared;
    this.#book = book;
    this.#onChange = onChange;
    this.#status = choices("Status", "filter-status", [["", "All"], ...statuses.map(status => [status, statusNames[status]] as const)],
      value => this.#changeFilter({ status: (value || undefined) as Status | undefined }));
    this.#view = choices("View", "view", [["runs", "Runs"], ["timeline", "Timeline"]], value => this.#change({ ...this.#shared, view: value as FeedView }));
    this.#text.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#changeFilter({ text: this.#text.value.trim() || undefined }), typingPauseMs);
    });
    this.#agent.addEventListener("change", () => this.#changeFilter({ agent: this.#agent.value || undefined }));
    this.#type.addEventListener("change", () => this.#changeFilter({ type: this.#type.value || undefined }));
    this.#clear.addEventListener("click", () => this.clear());
    this.element = el("search", { class: "filters" },
      el("div", { class: "search" }, icon("search"), this.#text, el("kbd", { "aria-hidden": "true" }, "/")),
      this.#status, this.#agent, this.#type, this.#clear, this.#view);
    this.refresh();
    this.#showState();
  }

  get shared(): SharedView {
    return this.#shared;
  }

  focus(): void {
    this.#text.focus();
    this.#text.select();
  }

  clear(): void {
    clearTimeout(this.#typing);
    this.#change({ ...this.#shared, filter: {} });
  }

  /** Shows a view that came from elsewhere, the address for instance. */
  set(shared: SharedView): void {
    this.#change(shared);
  }

  /** Offers the agents and types that are known by now. */
  refresh(): void {
    const state = JSON.stringify([this.#book.agents.size, this.#book.types.size, this.#shared.filter]);
    if (state === this.#offered) return;
    this.#offered = state;
    const agents = [...this.#book.agents].sort(([, a], [, b]) => a.localeCompare(b));
    offer(this.#agent, "All agents", agents, this.#shared.filter.agent);
    offer(this.#type, "All types", [...this.#book.types].sort().map(type => [type, Object.hasOwn(typeNames, type) ? typeNames[type]! : type]), this.#shared.filter.type);
  }

  #changeFilter(change: { [K in keyof FeedFilter]: FeedFilter[K] | undefined }): void {
    const merged = Object.entries({ ...this.#shared.filter, ...change }).filter(([, value]) => value !== undefined);
    this.#change({ ...this.#shared, filter: Object.fromEntries(merged) });
  }

  #change(shared: SharedView): void {
    this.#shared = shared;
    this.refresh();
    this.#showState();
    this.#onChange(shared);
  }

  #showState(): void {
    const { filter, view } = this.#shared;
    if (this.#text.value.trim() !== (filter.text ?? "")) this.#text.value = filter.text ?? "";
    press(this.#status, filter.status ?? "");
    press(this.#view, view);
    this.#clear.hidden = !isFiltering(filter);
    for (const select of [this.#agent, this.#type]) select.classList.toggle("is-set", select.value !== "");
  }
}

function choices(label: string, testId: string, options: readonly (readonly [string, string])[], onChoice: (value: string) => void): HTMLElement {
  const buttons = options.map(([value, text]) => {
    const button = el("button", { type: "button", "data-value": value, "data-testid": `${testId}-${value || "all"}`, "aria-pressed": "false" }, text);
    button.addEventListener("click", () => onChoice(value));
    return button;
  });
  return el("div", { class: "choices", role: "group", "aria-label": label }, ...buttons);
}

function press(group: HTMLElement, value: string): void {
  for (const button of group.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.value === value));
}

function offer(select: HTMLSelectElement, all: string, options: readonly (readonly [string, string])[], chosen: string | undefined): void {
  // One that came with the address may not have been seen yet.
  const wanted: [string, string][] = [["", all], ...options.map(([value, text]): [string, string] => [value, text])];
  if (chosen !== undefined && !wanted.some(([value]) => value === chosen)) wanted.push([chosen, chosen]);
  for (const [index, [value, text]] of wanted.entries()) {
    const option = select.options[index];
    if (option === undefined) select.append(el("option", { value }, text));
    else {
      option.value = value;
      setText(option, text);
    }
  }
  while (select.options.length > wanted.length) select.options[select.options.length - 1]!.remove();
  select.value = chosen ?? "";
}
