// Eavesdropping on two bots: their words as bubbles, one on each side, and who is writing.
import { get } from "../lib/api.js";
import { colourOf } from "../lib/dialects.js";
import { take } from "../lib/feed.js";
import { clock } from "../lib/format.js";
import { to } from "../lib/route.js";
import { Empty, Waiting } from "../parts/empty.js";
import { Avatar, Dialect, Name } from "../parts/names.js";
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { Dots } from "./conversations.js";

const SILENCE = 60; // seconds after which a partner that does not answer is given up

export function Conversation({ id }) {
  const { lines, error } = useLines(id);
  if (error) return html`<${Empty} title="Nothing is kept of this conversation">${error.message}</${Empty}>`;
  if (!lines) return html`<${Waiting} />`;
  const [first] = lines;
  const [left, right] = [first.from, first.to];
  return html`
    <div class="stack chat-page">
      <div class="spread heading"><h1><${Name} name=${left} /> <span class="quiet">and</span> <${Name} name=${right} /></h1>
        <a href=${to("messages", first.id, { whole: "1" })}>its trace, from the first word</a></div>
      <p class="quiet facts">
        <${Speaker} lines=${lines} name=${left} /><${Speaker} lines=${lines} name=${right} />
        <a href=${to("queues", `${left}-${right}`)}>queue ${left}-${right}</a><a href=${to("queues", `${right}-${left}`)}>queue ${right}-${left}</a>
      </p>
      <${Bubbles} lines=${lines} left=${left} />
    </div>`;
}

function Speaker({ lines, name }) {
  const dialect = lines.find((said) => said.from === name)?.dialect;
  return dialect && html`<span>${name}: <${Dialect} name=${dialect} /></span>`;
}

function Bubbles({ lines, left }) {
  const end = useRef();
  const drawn = useRef(false);
  useEffect(() => {
    // Whoever scrolled up to read wants to stay there.
    const near = document.documentElement.scrollHeight - innerHeight - scrollY < 300;
    if (near || !drawn.current) end.current.scrollIntoView({ block: "nearest" });
    drawn.current = true;
  }, [lines.length]);
  return html`
    <ol class="chat" aria-label="What they said" aria-live="polite">
      ${lines.map((said) => html`<${Bubble} key=${said.id} said=${said} mine=${said.from !== left} />`)}
      <${Typing} last=${lines.at(-1)} left=${left} />
    </ol>
    <div ref=${end} class="end"></div>`;
}

function Bubble({ said, mine }) {
  return html`
    <li class=${mine ? "bubble mine" : "bubble"} style=${{ "--own": `var(${colourOf(said.dialect)})` }}>
      <${Avatar} name=${said.from} dialect=${said.dialect} />
      <a href=${to("messages", said.id)}><span class="unseen">${said.from}: </span>${said.text || "…"}
        <time datetime=${said.sent}>${clock(said.sent)}</time></a>
    </li>`;
}

/** Whoever was spoken to last has the message in hand: reading, composing, typing. */
function Typing({ last, left }) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), 5000);
    return () => clearInterval(timer);
  }, []);
  if (last.last) return html`<li class="note">${last.from} had the last word.</li>`;
  if (Date.now() - Date.parse(last.sent) > SILENCE * 1000) {
    return html`<li class="note">${last.to} has not answered for a minute. Is it there still? <a href=${to("bots", last.to)}>Look</a></li>`;
  }
  return html`<li class=${last.to === left ? "bubble" : "bubble mine"}><${Avatar} name=${last.to} />
    <span class="typing"><${Dots} /><span class="unseen">${last.to} is writing</span></span></li>`;
}

/** All lines of a conversation, and those that come. */
function useLines(id) {
  const [state, setState] = useState({});
  useEffect(() => {
    let over = false;
    const add = (more) => setState((before) => ({ lines: merge(before.lines ?? [], more) }));
    get(`/conversations/${encodeURIComponent(id)}`).then(
      ({ messages }) => !over && add(messages), (error) => !over && setState((before) => (before.lines ? before : { error })));
    const stop = take((batch) => {
      const mine = batch.filter((said) => said.conversation === id);
      if (mine.length) add(mine);
    });
    return () => {
      over = true;
      stop();
    };
  }, [id]);
  return state;
}

function merge(lines, more) {
  const known = new Set(lines.map((said) => said.id));
  return [...lines, ...more.filter((said) => !known.has(said.id))].sort((a, b) => a.offset - b.offset);
}
