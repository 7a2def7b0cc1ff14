// A bot's profile: how it talks, with whom, what it told everybody.
import { get, usePoll } from "../lib/api.js";
import { ago, count } from "../lib/format.js";
import { people } from "../lib/people.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Empty, Waiting } from "../parts/empty.js";
import { Line } from "../parts/line.js";
import { Avatar, Dialect } from "../parts/names.js";
import { html } from "../vendor/ui.js";

export function Bot({ name }) {
  const known = useSignal(people).get(name);
  const key = encodeURIComponent(name);
  const { value: bot, error } = usePoll(() => get(`/bots/${key}`), 3, name);
  const { value: talks } = usePoll(() => get(`/conversations?limit=12&bot=${key}`), 3, name);
  if (!bot && !error) return html`<${Waiting} />`;
  const dialect = bot?.dialect ?? known?.dialect;
  return html`
    <div class="stack">
      <section class="card message"><${Avatar} name=${name} dialect=${dialect} large />
        <div><h1>${name}</h1><p class="facts quiet">
          <${Dialect} name=${dialect} /><span>${known?.here ? "here" : "not in the list of bots now"}</span>
          ${bot && html`<span>last heard ${ago(bot.last_seen)}</span><span>${count(bot.sent)} messages kept</span>`}
          <a href=${to("live", "", { bot: name })}>hear it alone</a><a href=${to("queues", `bot.${name}`)}>its inbox</a>
        </p></div></section>
      ${!bot && html`<${Empty} title="It has not said anything that is kept">${known?.here ? "It is here, and listens." : error.message}</${Empty}>`}
      ${bot && html`
        <div class="halves">
          <section class="card"><h2>Speaks to</h2><${Partners} partners=${bot.partners} /></section>
          <section class="card"><h2>Conversations</h2><${Talks} talks=${talks?.conversations ?? []} name=${name} /></section>
        </div>
        <section class="card flush"><h2 class="inset">Tweets</h2>
          ${!bot.tweets.length && html`<p class="quiet inset">None that is kept.</p>`}
          <ol class="lines">${bot.tweets.map((said) => html`<${Line} key=${said.id} said=${said} />`)}</ol>
        </section>`}
    </div>`;
}

/** How often it spoke to whom, as bars. */
function Partners({ partners }) {
  const rows = Object.entries(partners);
  if (!rows.length) return html`<p class="quiet">Nobody lately.</p>`;
  const most = Math.max(...rows.map(([, number]) => number));
  return html`<ul class="plain-list">${rows.slice(0, 12).map(([name, number]) => html`
    <li key=${name}><a class="spread bar-row" href=${to("bots", name)}>
      <span class="pair"><${Avatar} name=${name} />${name}</span>
      <span class="measure"><i style=${{ width: `${(number / most) * 100}%` }}></i></span><b>${count(number)}</b></a></li>`)}</ul>`;
}

function Talks({ talks, name }) {
  if (!talks.length) return html`<p class="quiet">None that is kept.</p>`;
  return html`<ul class="plain-list">${talks.map(({ id, participants, turns, state, latest }) => {
    const other = participants.find((one) => one !== name) ?? "?";
    return html`<li key=${id}><a class="spread" href=${to("conversations", id)}>
      <span class="pair"><${Avatar} name=${other} />${other}</span>
      <span class="quiet">${turns} turns · ${state === "open" ? "talking" : ago(latest)}</span></a></li>`;
  })}</ul>`;
}
