// The state of a queue, in a word and a colour.
import { STATES } from "../lib/queues.js";
import { html } from "../vendor/ui.js";

const COLOURS = {
  "no consumer": "--bad", stuck: "--bad", growing: "--warn", "dead letters": "--warn",
  flowing: "--good", archive: "--faint", idle: "--faint",
};

export function State({ name }) {
  return html`<span class="state" title=${STATES[name]} style=${{ "--own": `var(${COLOURS[name]})` }}>${name}</span>`;
}
