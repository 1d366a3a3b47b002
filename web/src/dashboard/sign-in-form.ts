import { el } from "./dom";
import { signInWithToken, type Session } from "./session";

/** Asks for an access token, where the server hands out none. Resolves with the session that it opens. */
export function askForToken(into: HTMLElement, explanation: string): Promise<Session> {
  const error = el("p", { class: "error", role: "alert", hidden: "" }, "That is not an access token with a user in it.");
  const input = el("textarea", {
    id: "token", rows: "5", required: "", autocomplete: "off", spellcheck: "false", placeholder: "eyJ…", "data-testid": "token-input",
  });
  const form = el("form", { class: "panel sign-in", "data-testid": "token-form" },
    el("h1", {}, "Sign in"), el("p", {}, explanation),
    el("label", { for: "token" }, "Access token"), input, error,
    el("p", { class: "hint" }, "The token stays in the memory of this page: a reload forgets it."),
    el("div", { class: "actions" }, el("button", { type: "submit", class: "button button-primary", "data-testid": "token-submit" }, "Connect")));
  into.replaceChildren(form);
  input.focus();
  return new Promise(resolve => form.addEventListener("submit", submit => {
    submit.preventDefault();
    const session = signInWithToken(input.value.trim());
    error.hidden = session !== undefined;
    if (session !== undefined) resolve(session);
  }));
}
