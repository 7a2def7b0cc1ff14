// What was said of an answer: a score, what is wrong, what its alerts did in each recording, and what is right.
import { ago, duration } from "../lib/format.js";
import { Prose } from "../parts/prose.js";
import { Strip } from "../parts/strip.js";
import { html } from "../vendor/ui.js";

const SHOWN = 30; // recordings

export function Verdict({ verdict }) {
  return html`
    <p class="lead"><b class="standing" data-state=${verdict.passed ? "solved" : "started"}>${verdict.passed ? "passed" : "not yet"}</b>
      ${" "}${verdict.score} % <span class="quiet">checked ${ago(verdict.checked)}</span></p>
    <${Findings} findings=${verdict.findings.filter(({ good }) => !good)} />
    ${verdict.timelines.length > 0 && html`<${Timelines} lines=${verdict.timelines} />`}
    <${Findings} findings=${verdict.findings.filter(({ good }) => good)} />`;
}

function Findings({ findings }) {
  if (!findings.length) return null;
  return html`<ul class="plain-list findings">${findings.map(({ good, text, weight }, index) => {
    const kind = good ? "good" : weight ? "wrong" : "advice";
    return html`<li key=${index} data-kind=${kind}><span class="unseen">${kind}: </span><${Prose} text=${text} /></li>`;
  })}</ul>`;
}

function Timelines({ lines }) {
  const ranked = [...lines].sort((a, b) => rank(a) - rank(b));
  const longest = Math.max(...lines.map(length), 1);
  return html`
    <h3>When it fired</h3>
    <table class="strips"><thead class="unseen"><tr><th scope="col">recording</th><th scope="col">alerts</th><th scope="col">length</th></tr></thead>
      <tbody>${ranked.slice(0, SHOWN).map((line) => html`
        <tr key=${line.recording}><th scope="row" title=${line.title} class=${line.expected ? undefined : "quiet"}>${line.recording}</th>
          <td><${Strip} line=${line} length=${length(line)} share=${length(line) / longest} /></td><td class="quiet">${duration(length(line))}</td></tr>`)}</tbody></table>
    <p class="quiet small strip-legend"><span data-kind="right">fired as it should</span><span data-kind="wrong">fired where it should not</span>
      <span data-kind="pending">waited for its <code>for</code></span><span data-kind="mark">trouble began, and its cause was gone</span></p>
    ${ranked.length > SHOWN && html`<p class="quiet small">and ${ranked.length - SHOWN} more</p>`}`;
}

/** Those that must fire, then what went wrong, then the rest. */
function rank(line) {
  return line.expected ? 0 : line.firing.some(Boolean) ? 1 : 2;
}

function length({ firing, interval }) {
  return Math.max(firing.length - 1, 0) * interval;
}
