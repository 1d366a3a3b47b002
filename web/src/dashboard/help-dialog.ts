import { el } from "./dom";

const keys: readonly (readonly [string, string])[] = [
  ["j", "Next row"], ["k", "Previous row"], ["Enter", "Open or close its details"], ["/", "Search"],
  ["f", "Only what failed, or everything"], ["m", "Next marker: what you missed"], ["g", "Back to the newest"],
  ["Esc", "Close details, then clear the filter"], ["?", "These keys"],
];

/** The keys, in a dialog. */
export class HelpDialog {
  readonly element: HTMLDialogElement;

  constructor() {
    const close = el("button", { type: "button", class: "button" }, "Close");
    this.element = el("dialog", { class: "help", "aria-labelledby": "help-title", "data-testid": "help" },
      el("h2", { id: "help-title" }, "Keys"),
      el("dl", {}, ...keys.map(([key, meaning]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, meaning)))),
      el("div", { class: "actions" }, close));
    close.addEventListener("click", () => this.element.close());
    this.element.addEventListener("keydown", press => {
      if (press.key !== "?") return;
      press.preventDefault();
      this.element.close();
    });
  }

  open(): void {
    this.element.showModal();
  }
}
