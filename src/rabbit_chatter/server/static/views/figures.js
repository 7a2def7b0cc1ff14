// The network in a few figures: who is there, how much is said, what waits, what fires.
import { alerts } from "../lib/alerts.js";
import { get, usePoll } from "../lib/api.js";
import { perSecond, rates } from "../lib/feed.js";
import { count, rate } from "../lib/format.js";
import { people, present } from "../lib/people.js";
import { queues } from "../lib/queues.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Chart } from "../parts/chart.js";
import { Avatar, Dialect } from "../parts/names.js";
import { html } from "../vendor/ui.js";

const SHOWN = 6; // conversations
const SAID = [{ label: "messages a second", colour: "--accent", fill: true }];

export function Figures() {
  const { value: talking } = usePoll(() => get(`/conversations?state=open&limit=${SHOWN}`), 3);
  return html`
    <aside class="figures" aria-label="The network in figures">
      <${Firing} />
      <section class="card said-now" aria-label="Messages a second"><${Pace} /></section>
      <div class="tiles"><${Tiles} talking=${talking?.total} /></div>
      <section class="card"><h2>Who speaks how</h2><${Dialects} /></section>
      <section class="card"><h2>Talking now</h2><${Talking} talks=${talking?.conversations ?? []} /></section>
    </aside>`;
}

function Firing() {
  const firing = useSignal(alerts);
  if (!firing.length) return null;
  return html`<a class="card firing" href=${to("alerts")}><b>${firing.length} firing</b> ${firing[0].summary || firing[0].name}</a>`;
}

function Pace() {
  const said = [...useSignal(rates)];
  const now = Math.floor(Date.now() / 1000);
  const data = [said.map((_, index) => now - said.length + index), said];
  return html`
    <h2>Messages a second <b class="big">${rate(perSecond())}</b></h2>
    <${Chart} data=${data} series=${SAID} height=${110}
      label=${`Messages a second in the last minute and a half, now ${rate(perSecond())}`} />`;
}

function Tiles({ talking }) {
  useSignal(people);
  const listed = useSignal(queues);
  const waiting = (listed ?? []).filter((queue) => queue.type !== "stream").reduce((sum, queue) => sum + queue.messages, 0);
  const tiles = [
    ["bots", present()?.length, to("bots")],
    ["open conversations", talking, to("conversations")],
    ["messages in queues", listed && waiting, to("queues")],
  ];
  return tiles.map(([label, value, address]) => html`
    <a key=${label} class="card tile" href=${address}><b class="big">${value == null ? "–" : count(value)}</b>${label}</a>`);
}

function Dialects() {
  const found = new Map();
  for (const bot of useSignal(people).values()) {
    if (bot.here) found.set(bot.dialect, (found.get(bot.dialect) ?? 0) + 1);
  }
  if (!found.size) return html`<p class="quiet">No bots yet.</p>`;
  const rows = [...found].sort((a, b) => b[1] - a[1]);
  return html`<ul class="plain-list">${rows.map(([name, number]) => html`
    <li key=${name}><a class="spread" href=${to("live", "", { dialect: name })}><${Dialect} name=${name} /><b>${count(number)}</b></a></li>`)}</ul>`;
}

function Talking({ talks }) {
  if (!talks.length) return html`<p class="quiet">Nobody at the moment.</p>`;
  return html`<ul class="plain-list">${talks.map(({ id, participants: [one, other = ""], turns }) => html`
    <li key=${id}><a class="spread" href=${to("conversations", id)}>
      <span class="pair"><${Avatar} name=${one} /><${Avatar} name=${other} />${one} · ${other}</span><span class="quiet">${turns}</span>
    </a></li>`)}</ul>`;
}
