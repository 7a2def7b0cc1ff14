// A sentence of ours in which `backticks` mean code.
import { html } from "../vendor/ui.js";

export function Prose({ text }) {
  return text.split("`").map((part, index) => (index % 2 ? html`<code key=${index}>${part}</code>` : part));
}
