// The header `traceparent`, part by part (https://www.w3.org/TR/trace-context/#traceparent-header).
import { html } from "../vendor/ui.js";

const SAMPLED = 1;
const RANDOM = 2;

export function Traceparent({ value }) {
  const [version, trace, parent, flags] = value.split("-");
  const bits = Number.parseInt(flags, 16);
  const said = [
    bits & SAMPLED ? "sampled: spans of this trace are recorded" : "not sampled: nobody records spans",
    ...(bits & RANDOM ? ["the trace id is random"] : []),
  ];
  const parts = [
    ["version", version, "of the header's format"],
    ["trace id", trace, "the same in every message, span, log line and exemplar of this conversation"],
    ["parent id", parent, "the span within which this message was published"],
    ["flags", flags, said.join("; ")],
  ];
  const shown = parts.map(([name, part], index) => html`
    ${index > 0 && "-"}<span key=${name} class=${`part part-${index}`}>${part}</span>`);
  return html`
    <p class="header"><code>traceparent: ${shown}</code></p>
    <dl class="pairs">${parts.map(([name, part, meaning], index) => html`
      <dt key=${name}><span class=${`part part-${index}`}>${name}</span></dt><dd>${meaning}</dd>`)}</dl>`;
}
