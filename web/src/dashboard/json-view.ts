import { el } from "./dom";

/** Longer text is shown as it is: thousands of coloured words make a page slow, and nobody reads them. */
const mostColoured = 20_000;

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON to read, with names, texts and numbers told apart. */
export function jsonView(json: string, label: string): HTMLPreElement {
  const view = el("pre", { class: "json", tabindex: "0", role: "region", "aria-label": label });
  if (json.length > mostColoured) {
    view.textContent = json;
    return view;
  }
  let end = 0;
  for (const match of json.matchAll(token)) {
    view.append(json.slice(end, match.index));
    const [all, text, colon] = match;
    const kind = text === undefined ? (/^[-\d]/.test(all) ? "number" : "word") : colon === undefined ? "text" : "name";
    view.append(el("span", { class: `json-${kind}` }, text ?? all), colon ?? "");
    end = match.index + all.length;
  }
  view.append(json.slice(end));
  return view;
}
