// All queues in a table that sorts; or one of them, large.
import { duration, count, rate } from "../lib/format.js";
import { STATES, absence, queues, urgency } from "../lib/queues.js";
import { refine, to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { Sparkline } from "../parts/sparkline.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { html } from "../vendor/ui.js";
import { Queue } from "./queue.js";

const COLUMNS = [
  {
    key: "name", title: "Queue", width: "minmax(11rem, 2fr)", by: (queue) => queue.name,
    cell: ({ name }) => html`<a href=${to("queues", name)}>${name}</a>`,
  },
  {
    key: "state", title: "State", width: "8.5rem", by: worst,
    cell: (queue) => html`<${State} name=${queue.state} />`,
  },
  figure("depth", "Depth", (queue) => queue.messages, count, "--accent"),
  figure("in", "In /s", (queue) => queue.in, rate, "--dialect-0"),
  figure("out", "Out /s", (queue) => queue.out, rate, "--dialect-1"),
  {
    key: "consumers", title: "Consumers", width: "7.2rem", numeric: true, by: (queue) => queue.consumers,
    cell: (queue) => count(queue.consumers),
  },
  { key: "age", title: "Oldest", width: "6.5rem", numeric: true, by: (queue) => queue.age ?? -1, cell: age },
];

/** What sorts trouble first, and of the same trouble the deepest queue. */
function worst({ state, messages }) {
  return urgency(state) + 1 / (1 + messages);
}

function figure(key, title, by, write, colour) {
  const cell = (queue) => html`<${Sparkline} points=${queue.past[key]} colour=${colour} /><b>${write(by(queue))}</b>`;
  return { key, title, width: "minmax(8.5rem, 1fr)", numeric: true, by, cell };
}

function age(queue) {
  if (!queue.messages || queue.type === "stream") return "";
  return queue.age === null ? html`<span title="RabbitMQ 4 does not tell">?</span>` : duration(queue.age);
}

export function Queues({ id, query }) {
  const all = useSignal(queues);
  const trouble = useSignal(absence);
  if (id) return html`<${Queue} name=${id} />`;
  if (!all) return trouble ? html`<${Empty} title="No queues are known">${trouble}</${Empty}>` : html`<${Waiting} />`;
  const part = query.get("name") ?? "";
  const order = { key: query.get("sort") ?? "state", down: query.get("down") === "1" };
  const shown = all.filter((queue) => queue.name.includes(part));
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Queues</h1><${Summary} all=${all} /></div>
      <${Trouble} error=${trouble && `${trouble}. What you see is what was known last.`} />
      <section class="card flush">
        <form class="filters" onSubmit=${(event) => event.preventDefault()}>
          <label>Name <input type="search" value=${part} placeholder="any"
            onInput=${(event) => refine({ ...Object.fromEntries(query), name: event.target.value })} /></label>
          <span class="quiet">${shown.length < all.length && `${count(shown.length)} of `}${count(all.length)} queues</span>
        </form>
        <${Table} label="Queues" columns=${COLUMNS} rows=${shown} order=${order}
          onOrder=${({ key, down }) => refine({ ...Object.fromEntries(query), sort: key, down: down ? "1" : "" })} />
      </section>
    </div>`;
}

/** How many are in which state, the urgent ones first. */
function Summary({ all }) {
  const numbers = Object.keys(STATES).map((state) => [state, all.filter((queue) => queue.state === state).length]);
  return html`<p class="summary">${numbers.filter(([, number]) => number).map(([state, number]) => html`
    <span key=${state} title=${STATES[state]}><${State} name=${state} /> ${count(number)}</span>`)}</p>`;
}
