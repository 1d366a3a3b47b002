import { el, icon } from "./dom";

const themes = ["auto", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const storageKey = "realtime:theme";

/** Switches between the system's choice, light and dark, and remembers it where the browser keeps anything. */
export function themeButton(): HTMLButtonElement {
  let theme = remembered();
  const button = el("button", { type: "button", class: "icon-button", "data-testid": "theme" }, icon("theme"));
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.title = `Theme: ${theme}`;
    button.setAttribute("aria-label", `Theme: ${theme}. Change`);
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length]!;
    remember(theme);
    apply();
  });
  apply();
  return button;
}

function remembered(): Theme {
  try {
    return themes.find(known => known === localStorage.getItem(storageKey)) ?? "auto";
  } catch (error) {
    // A browser that keeps no site data throws at the mere mention of its storage.
    console.debug("Realtime: the theme is not remembered.", String(error));
    return "auto";
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(storageKey, theme);
  } catch (error) {
    console.debug("Realtime: the theme is not remembered.", String(error));
  }
}
