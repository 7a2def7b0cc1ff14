// A bot, wherever it is named: its letters on its dialect's colour, and a link to its profile.
import { colourOf } from "../lib/dialects.js";
import { dialectOf } from "../lib/people.js";
import { to } from "../lib/route.js";
import { html } from "../vendor/ui.js";

/** A square with the first letters of a name; decoration beside the name itself. */
export function Avatar({ name, dialect = dialectOf(name), large }) {
  return html`<span class=${large ? "avatar large" : "avatar"} aria-hidden="true"
    style=${{ "--own": `var(${colourOf(dialect)})` }}>${name.slice(0, 2)}</span>`;
}

export function Name({ name, dialect }) {
  return html`<a class="name" href=${to("bots", name)} title=${dialect ? `speaks ${dialect}` : undefined}>${name}</a>`;
}

/** A dialect in words, with its colour beside it. */
export function Dialect({ name }) {
  return html`<span class="dialect" style=${{ "--own": `var(${colourOf(name)})` }}>${name || "unknown dialect"}</span>`;
}
