// Ways out of this page: the same thing in another tool, or what that tool would add.
import { useSignal } from "../lib/signal.js";
import { ADDS, tools } from "../lib/tools.js";
import { html } from "../vendor/ui.js";

/** links: [{ tool, text, address }], where `address` gets the tool's own. */
export function Elsewhere({ links }) {
  const found = useSignal(tools);
  const there = links.filter(({ tool }) => found[tool]);
  const missing = links.filter(({ tool }) => found[tool] === null && ADDS[tool]);
  return html`
    <div class="elsewhere">
      ${there.map(({ tool, text, address }) => html`
        <a key=${text} class="button" target="_blank" rel="noreferrer" href=${address(found[tool])}>${text} ↗</a>`)}
    </div>
    ${missing.length > 0 && html`<p class="quiet small">Not installed here: ${missing.map(({ tool }) => ADDS[tool]).join(" ")}</p>`}`;
}
