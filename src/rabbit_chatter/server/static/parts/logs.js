// The log lines of a trace, where the log files are on the server's machine.
import { get, usePoll } from "../lib/api.js";
import { clock } from "../lib/format.js";
import { useSignal } from "../lib/signal.js";
import { tools } from "../lib/tools.js";
import { html } from "../vendor/ui.js";
import { Trouble } from "./empty.js";

const SAID = ["process", "timestamp", "event", "level", "service", "trace_id", "span_id", "message_id", "conversation"];

export function Logs({ trace, message }) {
  if (useSignal(tools).logs) return html`<${Found} trace=${trace} message=${message} />`;
  return html`<p>Each process writes them to its own output. With containers:</p><pre tabindex="0">docker compose logs | grep ${trace}</pre>`;
}

function Found({ trace, message }) {
  const { value, error } = usePoll(() => get(`/traces/${trace}/logs`), 10, trace);
  const mine = (value?.lines ?? []).filter((line) => !message || line.message_id === message);
  return html`
    <${Trouble} error=${error} />
    ${value && !mine.length && html`<p class="quiet">None yet that names this message.</p>`}
    <ul class="logs plain-list">${mine.map((line, index) => html`
      <li key=${index}><time>${clock(line.timestamp)}</time><b>${line.process}</b><span>${line.event}</span>
        <code>${rest(line)}</code></li>`)}</ul>
    <p class="quiet small">In a terminal: <code>rabbit-chatter logs -n 100000 | grep ${trace}</code></p>`;
}

function rest(line) {
  const others = Object.entries(line).filter(([key]) => !SAID.includes(key));
  return others.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
}
