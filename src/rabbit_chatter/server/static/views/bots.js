// Who is there, by dialect; or one of them.
import { colourOf } from "../lib/dialects.js";
import { count } from "../lib/format.js";
import { absence, people, present } from "../lib/people.js";
import { refine, to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { Avatar, Dialect } from "../parts/names.js";
import { html } from "../vendor/ui.js";
import { Bot } from "./bot.js";

const SHOWN = 300; // of each dialect; a search finds the others

export function Bots({ id, query }) {
  useSignal(people);
  const trouble = useSignal(absence);
  if (id) return html`<${Bot} name=${id} />`;
  const part = query.get("name") ?? "";
  const here = present() ?? [];
  const shown = here.filter((bot) => bot.name.includes(part));
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Bots <span class="quiet">${count(here.length)}</span></h1>
        <label>Name <input type="search" value=${part} placeholder="any" onInput=${(event) => refine({ name: event.target.value })} /></label></div>
      <${Trouble} error=${trouble} />
      ${!here.length && (present() ? html`<${Nobody} />` : !trouble && html`<${Waiting} />`)}
      ${groups(shown).map(([dialect, bots]) => html`<${Group} key=${dialect} dialect=${dialect} bots=${bots} />`)}
    </div>`;
}

function Nobody() {
  return html`<${Empty} title="No bots are here">Let some join: <code>rabbit-chatter scale 40</code></${Empty}>`;
}

function groups(bots) {
  const found = new Map();
  for (const bot of bots) found.set(bot.dialect, [...(found.get(bot.dialect) ?? []), bot]);
  return [...found].sort((a, b) => b[1].length - a[1].length);
}

function Group({ dialect, bots }) {
  const sorted = [...bots].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, SHOWN);
  return html`
    <section class="card" style=${{ "--own": `var(${colourOf(dialect)})` }}>
      <h2><${Dialect} name=${dialect} /> <span class="quiet">${count(bots.length)}</span></h2>
      <ul class="crowd plain-list">${sorted.map(({ name }) => html`
        <li key=${name}><a href=${to("bots", name)}><${Avatar} name=${name} dialect=${dialect} />${name}</a></li>`)}</ul>
      ${bots.length > SHOWN && html`<p class="quiet">and ${count(bots.length - SHOWN)} more; search for a name</p>`}
    </section>`;
}
