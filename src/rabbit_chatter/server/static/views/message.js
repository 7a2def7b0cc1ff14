// A message's journey: what was said, how it travelled, and where else to look.
import { get, usePoll } from "../lib/api.js";
import { clock, span as length } from "../lib/format.js";
import { facts, journey, tree } from "../lib/journey.js";
import { refine, to } from "../lib/route.js";
import { graph } from "../lib/tools.js";
import { Elsewhere } from "../parts/elsewhere.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { ALERTS } from "../parts/line.js";
import { Logs } from "../parts/logs.js";
import { Avatar, Dialect, Name } from "../parts/names.js";
import { Traceparent } from "../parts/traceparent.js";
import { Waterfall } from "../parts/waterfall.js";
import { html } from "../vendor/ui.js";

const WAIT = "histogram_quantile(0.99, sum by (le) (rate(chatter_queue_wait_seconds_bucket{component=\"bots\"}[1m])))";

export function Message({ id, query }) {
  const { value: said, error } = usePoll(() => get(`/messages/${encodeURIComponent(id)}`), 60, id);
  if (error && !said) return html`<${Empty} title="This message is not here">${error.message}</${Empty}>`;
  if (!said) return html`<${Waiting} />`;
  return html`
    <div class="stack">
      <${Said} said=${said} />
      ${said.sampled ? html`<${Travels} said=${said} whole=${query.get("whole") === "1"} />` : html`<${Unsampled} said=${said} />`}
      ${said.traceparent && html`<section class="card"><h2>The header that joins it all</h2><${Traceparent} value=${said.traceparent} /></section>`}
      ${said.trace_id && html`<section class="card"><h2>Log lines</h2><${Logs} trace=${said.trace_id} message=${said.id} /></section>`}
    </div>`;
}

function Said({ said }) {
  return html`
    <section class="card message">
      <${Avatar} name=${said.from} dialect=${said.dialect} large />
      <div>
        <h1><${Name} name=${said.from} dialect=${said.dialect} />${" "}<span class="quiet">${said.to ? "to " : "to everybody"}</span>
          ${said.to && html`<${Name} name=${said.to} />`}</h1>
        <blockquote>${said.text}</blockquote>
        <p class="quiet facts">
          <span>${clock(said.sent)}</span>${said.dialect && html`<${Dialect} name=${said.dialect} />`}
          ${said.conversation && html`<span>turn ${said.turn}${said.last && ", the last word"}</span>
            <a href=${to("conversations", said.conversation)}>the whole conversation</a>`}
          ${said.from === ALERTS && html`<a href=${to("alerts")}>alerts that fire now</a>`}
        </p>
      </div>
    </section>`;
}

function Unsampled({ said }) {
  return html`<section class="card"><h2>No journey was recorded</h2>
    <p>${said.trace_id ? "Its trace was not sampled: the header says so, and nobody drew spans." : "It came without a traceparent."}
      With <code>OTEL_TRACES_SAMPLER=parentbased_always_on</code> every trace is recorded.</p></section>`;
}

function Travels({ said, whole }) {
  const { value, error } = usePoll(() => get(`/traces/${said.trace_id}`), 2, said.trace_id);
  const own = value && journey(value.spans, said.id);
  const rows = whole && value ? tree(value.spans) : own;
  return html`
    <section class="card" aria-label="Journey">
      <div class="spread heading"><h2>Its journey</h2>
        <button aria-pressed=${whole} onClick=${() => refine({ whole: whole ? "" : "1" })}>Whole conversation</button></div>
      ${own && html`<${Facts} facts=${facts(own, said.to)} said=${said} />`}
      ${rows ? html`<${Waterfall} rows=${rows} />` : html`<${OnItsWay} error=${error} />`}
      <${Ways} said=${said} />
      ${value?.source === "here" && html`<p class="quiet small">These spans are in the chat server's own store, which keeps the last ones.</p>`}
    </section>`;
}

function OnItsWay({ error }) {
  if (error && error.status !== 404) return html`<${Trouble} error=${error} />`;
  return html`<p class="quiet" role="status">Spans are on their way: a process sends them every second, and a step is
    sent when it is over. ${error && "If none come, this trace is too old to be kept, or is sent elsewhere (OTEL_EXPORTER_OTLP_ENDPOINT)."}</p>`;
}

function Facts({ facts: found, said }) {
  const steps = [
    ["confirmed after", found.publish && length(found.publish.duration_us)],
    ["waited in the queue", found.wait && length(found.wait.duration_us)],
    ["in hand for", found.process && length(found.process.duration_us)],
    ["words found in", found.compose && length(found.compose.duration_us)],
    ["answer confirmed after", found.reply && length(found.reply.duration_us)],
  ];
  const reason = found.trouble.map((span) => span.attributes["error.type"]).find(Boolean);
  return html`
    <ol class="steps" aria-label="Steps">${steps.filter(([, value]) => value).map(([name, value]) => html`
      <li key=${name}><b>${value}</b>${name}</li>`)}</ol>
    ${found.redelivered && html`<p class="trouble">Delivered again: the first consumer did not acknowledge it.</p>`}
    ${found.trouble.length > 0 && html`<p class="trouble">A step failed${reason && html` (<code>${reason}</code>)`}.
      What no consumer can handle is in the queue <a href=${to("queues", "chatter.dead-letters")}>chatter.dead-letters</a> with its reason.</p>`}
    ${said.to && !found.process && html`<p class="quiet">${said.to} has it in hand, or it waits in its queue
      <a href=${to("queues", `${said.from}-${said.to}`)}>${said.from}-${said.to}</a>.</p>`}`;
}

function Ways({ said }) {
  const links = [
    { tool: "jaeger", text: "Trace in Jaeger", address: (url) => `${url}/trace/${said.trace_id}` },
    { tool: "prometheus", text: "Queue wait in Prometheus", address: () => graph(WAIT) },
    { tool: "grafana", text: "Bots in Grafana", address: (url) => `${url}/d/chatter-bots` },
  ];
  return html`<${Elsewhere} links=${links} />`;
}
