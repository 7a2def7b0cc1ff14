// Conversations, the liveliest first; or one of them, to eavesdrop on.
import { get, usePoll } from "../lib/api.js";
import { ago, count } from "../lib/format.js";
import { refine, to } from "../lib/route.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { Avatar } from "../parts/names.js";
import { html } from "../vendor/ui.js";
import { Conversation } from "./conversation.js";

const SHOWN = 100;
const STATES = [["", "All"], ["open", "Open"], ["ended", "Ended"]];

export function Conversations({ id, query }) {
  if (id) return html`<${Conversation} id=${id} />`;
  return html`<${List} state=${query.get("state") ?? ""} />`;
}

function List({ state }) {
  const search = new URLSearchParams({ limit: SHOWN, ...(state && { state }) });
  const { value, error } = usePoll(() => get(`/conversations?${search}`), 2, state);
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Conversations</h1>
        <div class="choice" role="group" aria-label="Which">${STATES.map(([name, text]) => html`
          <button key=${name} aria-pressed=${state === name} onClick=${() => refine({ state: name })}>${text}</button>`)}</div></div>
      <${Trouble} error=${error} />
      ${!value && !error && html`<${Waiting} />`}
      ${value && !value.total && html`<${Empty} title="No conversation is kept">
        A bot begins one every few seconds. If none does, look at the <a href=${to("alerts")}>alerts</a>.</${Empty}>`}
      <ul class="tiles-list plain-list">${value?.conversations.map((talk) => html`<${Tile} key=${talk.id} talk=${talk} />`)}</ul>
      ${value?.total > SHOWN && html`<p class="quiet">The ${SHOWN} with the latest words, of ${count(value.total)}.</p>`}
    </div>`;
}

function Tile({ talk: { id, participants: [one, other = "?"], state, turns, latest } }) {
  const how = `${turns} ${turns === 1 ? "turn" : "turns"} · ${state === "open" ? "talking" : `ended ${ago(latest)}`}`;
  return html`
    <li><a class="card talk-tile" href=${to("conversations", id)}>
      <${Avatar} name=${one} /><${Avatar} name=${other} />
      <span><b>${one}</b> and <b>${other}</b><br /><span class="quiet">${how}</span></span>
      ${state === "open" && html`<${Dots} />`}
    </a></li>`;
}

/** Three dots: somebody is writing. */
export function Dots() {
  return html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>`;
}
