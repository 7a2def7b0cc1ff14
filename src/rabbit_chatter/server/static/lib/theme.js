// Light or dark: as the system says, until somebody chooses. Colours live in page.css alone.
import { Signal } from "./signal.js";

const KEY = "rabbit-chatter.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** "light" or "dark": what is shown. */
export const theme = new Signal(stored() ?? (system.matches ? "dark" : "light"));

function stored() {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // a browser that keeps nothing
  }
}

function show() {
  document.documentElement.dataset.theme = theme.value;
}

system.addEventListener("change", () => {
  if (!stored()) theme.set(system.matches ? "dark" : "light");
});
theme.listen(show);
show();

export function toggle() {
  theme.set(theme.value === "dark" ? "light" : "dark");
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // then it lasts until the page is closed
  }
}

let probe;

/** Return a colour of page.css as a canvas understands it. */
export function colour(name) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
