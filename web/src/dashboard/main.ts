import { backoffDelay } from "../client";
import { ConnectionBadge } from "./connection-badge";
import { el, icon } from "./dom";
import { LivePage } from "./live-page";
import { themeButton } from "./theme";
import { signInForDevelopment, SignInFormNeeded, type Session } from "./session";
import { askForToken } from "./sign-in-form";

// The page may live below a path base; everything else on the server is relative to where it lives.
const serverUrl = new URL(".", document.baseURI).href;
const wantedUser = new URLSearchParams(location.search).get("user") || "demo";

let page: LivePage | undefined;
let hurry = () => {};
const badge = new ConnectionBadge(() => {
  hurry();
  page?.retryNow();
});
const userName = el("span", { class: "user", "data-testid": "user-name", title: "Signed in as", hidden: "" });
const main = el("main", {});
const keys = el("button", { type: "button", class: "icon-button", "data-testid": "keys", "aria-label": "Keys", title: "Keys (?)" }, "?");
keys.addEventListener("click", () => page?.openHelp());

document.querySelector("#app")!.replaceChildren(
  el("header", { class: "top" },
    el("div", { class: "brand" }, el("span", { class: "brand-mark", "aria-hidden": "true" }, icon("pulse")), "Realtime"),
    el("div", { class: "top-right" }, badge.badge, userName, themeButton(), keys)),
  badge.notice,
  main);
addEventListener("online", () => page?.retryNow());

let explanation = "This server hands out no development tokens. Paste an access token of yours to see your agents.";
let session = await signIn();
for (;;) {
  userName.textContent = session.userId;
  userName.hidden = false;
  page = new LivePage(session, serverUrl, badge);
  const end = await page.run(main);
  page = undefined;
  if (end.name !== "stopped" || end.reason !== "signInRequired") break;
  explanation = "Your access token is no longer accepted. Paste a new one.";
  session = await askForToken(main, explanation);
}

/** Keeps asking while the server does not answer, like any other connection. */
async function signIn(): Promise<Session> {
  for (let retry = 0; ; retry++) {
    badge.show({ name: "connecting", attempt: retry });
    try {
      return await signInForDevelopment(serverUrl, wantedUser);
    } catch (error) {
      if (error instanceof SignInFormNeeded) return await askForToken(main, explanation);
      const wait = backoffDelay(retry, Math.random());
      badge.show({ name: "connecting", attempt: retry, reason: "server not reachable", nextAttemptAt: Date.now() + wait });
      await new Promise<void>(resolve => {
        hurry = resolve;
        setTimeout(resolve, wait);
      });
    }
  }
}
