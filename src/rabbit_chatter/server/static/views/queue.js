// One queue, large: how deep it was, what goes in and out, and what its state means.
import { get, usePoll } from "../lib/api.js";
import { count, duration, rate } from "../lib/format.js";
import { STATES, absence, queues } from "../lib/queues.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { graph, quoted, tools } from "../lib/tools.js";
import { Chart } from "../parts/chart.js";
import { Elsewhere } from "../parts/elsewhere.js";
import { Empty, Waiting } from "../parts/empty.js";
import { State } from "../parts/state.js";
import { html } from "../vendor/ui.js";

const MINUTES = 15;
const DEPTH = [{ label: "messages", colour: "--accent", fill: true }];
const RATES = [{ label: "in", colour: "--dialect-0" }, { label: "out", colour: "--dialect-1" }];

export function Queue({ name }) {
  const all = useSignal(queues);
  const trouble = useSignal(absence);
  const queue = all?.find((one) => one.name === name);
  if (!queue && !all && !trouble) return html`<${Waiting} />`;
  if (!queue) {
    return html`<${Empty} title=${`There is no queue ${name}`}>${trouble ?? "A conversation's queue lives five minutes longer than its last message."}
      <br /><a href=${to("queues")}>All queues</a></${Empty}>`;
  }
  return html`
    <div class="stack">
      <div class="spread heading"><h1>${name}</h1><a href=${to("queues")}>All queues</a></div>
      <section class="card">
        <h2><${State} name=${queue.state} />${" "}<span class="quiet">${STATES[queue.state]}</span></h2>
        <${Facts} queue=${queue} />
      </section>
      <${Depth} queue=${queue} />
      <section class="card"><h2>Messages a second, <span class="key in">in</span> and <span class="key out">out</span></h2>
        <${Chart} data=${[queue.past.at, queue.past.in, queue.past.out].map((points) => [...points])} series=${RATES}
          label=${`Now ${rate(queue.in)} messages a second come in and ${rate(queue.out)} go out`} height=${180} /></section>
    </div>`;
}

function Facts({ queue }) {
  const facts = [
    ["ready", count(queue.ready)],
    ["in consumers' hands", count(queue.unacknowledged)],
    ["consumers", count(queue.consumers)],
    ["in /s", rate(queue.in)],
    ["out /s", rate(queue.out)],
    ...(queue.age === null || !queue.messages ? [] : [["oldest message", duration(queue.age)]]),
    ["type", queue.type],
  ];
  return html`<ul class="steps">${facts.map(([label, value]) => html`<li key=${label}><b>${value}</b>${label}</li>`)}</ul>`;
}

/** Prometheus' memory first, where there is one; then what this page has seen. */
function Depth({ queue }) {
  const { prometheus } = useSignal(tools);
  const path = `/depths?minutes=${MINUTES}&queue=${encodeURIComponent(queue.name)}`;
  const { value } = usePoll(() => (prometheus ? get(path) : null), 60, queue.name, prometheus);
  const from = queue.past.at[0];
  const before = (value?.points ?? []).filter(([moment]) => moment < from);
  const data = [
    [...before.map(([moment]) => moment), ...queue.past.at],
    [...before.map(([, depth]) => depth), ...queue.past.depth],
  ];
  const name = quoted(queue.name);
  const links = [
    { tool: "prometheus", text: "Depth in Prometheus", address: () => graph(`rabbitmq_detailed_queue_messages{queue=${name}}`) },
    { tool: "grafana", text: "Queues in Grafana", address: (url) => `${url}/d/chatter-queues` },
    { tool: "rabbitmq", text: "Queue in RabbitMQ", address: (url) => `${url}/#/queues/chatter/${encodeURIComponent(queue.name)}` },
  ];
  return html`
    <section class="card"><h2>Depth: messages in the queue <b class="big">${count(queue.messages)}</b></h2>
      <${Chart} data=${data} series=${DEPTH} height=${300} label=${`Depth of ${queue.name}, now ${queue.messages}`} />
      <${Elsewhere} links=${links} />
    </section>`;
}
