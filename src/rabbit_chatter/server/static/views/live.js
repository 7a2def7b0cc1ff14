// What is being said, newest first, and the network in a few figures beside it.
import { alerts } from "../lib/alerts.js";
import { get } from "../lib/api.js";
import { seen } from "../lib/dialects.js";
import { connection, lines, perSecond } from "../lib/feed.js";
import { rate } from "../lib/format.js";
import { people } from "../lib/people.js";
import { refine } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Empty } from "../parts/empty.js";
import { Line } from "../parts/line.js";
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { Figures } from "./figures.js";

const SHOWN = 80; // lines; nobody scrolls further in what moves
const FAST = 60; // messages a second …
const SHOWN_FAST = 40; // … at which so many are enough

const KINDS = [["", "Everything"], ["dm", "Direct messages"], ["tweet", "Tweets"]];

export function Live({ query }) {
  const wanted = Object.fromEntries(query);
  return html`
    <h1 class="unseen">What the bots say</h1>
    <div class="live">
      <section class="card talk" aria-label="Talk">
        <${Filters} wanted=${wanted} />
        <${Talk} wanted=${wanted} />
      </section>
      <${Figures} />
    </div>`;
}

function Filters({ wanted }) {
  const change = (name) => (event) => refine({ ...wanted, [name]: event.target.value.trim() });
  useSignal(people);
  return html`
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <label>Bot <${Search} list="names" value=${wanted.bot} take=${change("bot")} /></label>
      <datalist id="names">${[...people.value.keys()].slice(0, 1000).map((name) => html`<option key=${name} value=${name} />`)}</datalist>
      <label>Dialect <select value=${wanted.dialect ?? ""} onChange=${change("dialect")}>
        <option value="">any</option>${seen().map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select></label>
      <label>Kind <select value=${wanted.kind ?? ""} onChange=${change("kind")}>
        ${KINDS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
      </select></label>
      <label>Conversation <${Search} class="narrow" value=${wanted.conversation} take=${change("conversation")} /></label>
    </form>`;
}

/** A field that keeps what is being typed while bots come and go and it is drawn again; Enter, or leaving it, takes it. */
function Search({ value = "", take, ...rest }) {
  const [typed, setTyped] = useState(null);
  return html`<input type="search" placeholder="any" ...${rest} value=${typed ?? value}
    onInput=${(event) => setTyped(event.target.value)}
    onChange=${(event) => {
      take(event);
      setTyped(null);
    }} />`;
}

/** The lines: still while the pointer or the keyboard is among them, so that one can click what one sees. */
function Talk({ wanted }) {
  useSignal(lines);
  const older = useOlder(wanted);
  const [held, setHeld] = useState(false);
  const [hovered, setHovered] = useState(false);
  const frozen = useRef(null);
  const still = held || hovered;
  const fast = perSecond() > FAST;
  const fresh = () => choose(lines.value, older, wanted, fast ? SHOWN_FAST : SHOWN);
  if (!still) frozen.current = null;
  else frozen.current ??= fresh();
  const shown = frozen.current ?? fresh();
  return html`
    <p class="hint">
      <button aria-pressed=${held} onClick=${() => setHeld(!held)}>${held ? "Go on" : "Hold"}</button>
      <span>${still ? "held while you look" : fast ? `newest of ${rate(perSecond())} a second` : "a click on a message shows its journey"}</span>
    </p>
    ${shown.length === 0 && html`<${Nothing} wanted=${wanted} />`}
    <ol class=${fast ? "lines fast" : "lines"} aria-label="What the bots say, newest first"
      onMouseEnter=${() => setHovered(true)} onMouseLeave=${() => setHovered(false)}
      onFocusIn=${() => setHovered(true)} onFocusOut=${() => setHovered(false)}>
      ${shown.map((said) => html`<${Line} key=${said.id ?? `gap ${said.gap}`} said=${said} />`)}
    </ol>`;
}

function Nothing({ wanted }) {
  if (Object.keys(wanted).length) {
    return html`<${Empty} title="Nobody has said anything like that">
      <a href="#/live">Show everything</a></${Empty}>`;
  }
  if (connection.value !== "live") return null;
  const firing = alerts.value.length > 0;
  return html`<${Empty} title="Nobody has said anything yet">
    ${firing ? html`An alert fires: <a href="#/alerts">see what to do</a>.`
      : html`Bots greet one another within seconds. If they do not, start some: <code>rabbit-chatter scale 40</code>`}
  </${Empty}>`;
}

function choose(said, older, wanted, most) {
  const found = [];
  for (const list of [said, older]) {
    for (const line of list) {
      if (found.length >= most) return found;
      if (list === older && found.length && !(line.offset < found.at(-1).offset)) continue;
      if (covers(wanted, line)) found.push(line);
    }
  }
  return found;
}

function covers({ bot, dialect, kind, conversation }, line) {
  if (line.gap) return !bot && !dialect && !kind && !conversation;
  return (!bot || line.from === bot || line.to === bot) && (!dialect || line.dialect === dialect)
    && (!kind || line.kind === kind) && (!conversation || line.conversation === conversation);
}

/** What the server keeps beyond the lines that this page has heard; asked once for each filter. */
function useOlder(wanted) {
  const [older, setOlder] = useState([]);
  const key = JSON.stringify(wanted);
  useEffect(() => {
    let over = false;
    setOlder([]);
    if (key !== "{}") ask(wanted).then((found) => !over && setOlder(found), () => {});
    return () => {
      over = true;
    };
  }, [key]);
  return older;
}

async function ask({ conversation, ...wanted }) {
  if (conversation) {
    const talk = await get(`/conversations/${encodeURIComponent(conversation)}`);
    return talk.messages.reverse();
  }
  const { messages } = await get(`/timeline?${new URLSearchParams({ ...wanted, limit: SHOWN })}`);
  return messages;
}

