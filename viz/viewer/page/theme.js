/** Light, dark, or as the system is. */

import { part } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const ICONS = { auto: "◐", light: "☀", dark: "☾" };

/** @param {() => void} changed what to do when the colours are others */
export function followTheme(store, changed) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const { theme } = store.now;
    const shown = theme === "auto" ? (system.matches ? "dark" : "light") : theme;
    document.documentElement.dataset.theme = shown;
    const button = part("theme");
    button.textContent = `${ICONS[theme]} ${theme}`;
    button.setAttribute("aria-label", `Colours: ${theme}; next: ${NEXT[theme]}`);
    changed();
  };
  part("theme").addEventListener("click", () => store.set({ theme: NEXT[store.now.theme] }));
  system.addEventListener("change", apply);
  store.listen((_, changes) => {
    if (changes.has("theme")) apply();
  });
  apply();
}
