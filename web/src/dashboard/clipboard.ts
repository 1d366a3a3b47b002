import { el, icon, setText } from "./dom";

/** A button that copies a text and says so. */
export function copyButton(label: string, text: () => string, testId: string): HTMLButtonElement {
  const caption = el("span", { role: "status" }, label);
  const button = el("button", { type: "button", class: "button button-small", "data-testid": testId }, icon("copy"), caption);
  button.addEventListener("click", () => void copy());
  return button;

  async function copy(): Promise<void> {
    const isCopied = await write(text());
    setText(caption, isCopied ? "Copied" : "Not allowed by the browser");
    setTimeout(() => setText(caption, label), 1_600);
  }
}

/** Browsers offer their clipboard to secure pages only; a page over plain HTTP has the older way. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Absent, or refused: the selection is copied instead.
    const carrier = el("textarea", { class: "visually-hidden", "aria-hidden": "true", readonly: "" }, text);
    document.body.append(carrier);
    carrier.select();
    const isCopied = document.execCommand("copy");
    carrier.remove();
    return isCopied;
  }
}
