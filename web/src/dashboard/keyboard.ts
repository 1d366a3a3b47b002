/** What a key does; returns false when it did nothing, and the browser has it. */
export type KeyCommands = Readonly<Record<string, () => boolean | void>>;

/**
 * Runs commands by single keys, as long as nobody types and no dialog is open. Escape leaves a text field first.
 * Until the signal aborts.
 */
export function listenToKeys(commands: KeyCommands, signal: AbortSignal): void {
  addEventListener("keydown", press => {
    if (press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const target = press.target as HTMLElement;
    if (isTypedInto(target)) {
      if (press.key === "Escape") target.blur();
      return;
    }
    const command = Object.hasOwn(commands, press.key) ? commands[press.key] : undefined;
    if (command !== undefined && command() !== false) press.preventDefault();
  }, { signal });
}

function isTypedInto(element: HTMLElement): boolean {
  return element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}
