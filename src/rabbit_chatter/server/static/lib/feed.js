// What the bots say, as it is said: server-sent events, gathered and handed out a few times a second.
import { get } from "./api.js";
import { Signal } from "./signal.js";

export const KEPT = 1000; // lines; older ones are asked of the server again
const SECONDS = 90; // of rates that are remembered
const CALM = 100; // milliseconds between two hand-outs …
const BUSY = 500; // … and where more is said than anybody reads
const MANY = 60; // messages a second that count as busy
const AGAIN = 2000; // milliseconds until a closed stream is asked for again

/** "connecting", "live" or "lost". */
export const connection = new Signal("connecting");

/** The last lines, newest first; the same array all the time. */
export const lines = new Signal([]);

/** How many messages were said in each of the last seconds, oldest first; null where nobody counted. */
export const rates = new Signal(new Array(SECONDS).fill(null));

/** Called with every batch of new lines, oldest first: whoever counts cannot wait for a drawing. */
const takers = new Set();

let newest = -1;
let waiting = [];
let handing = null;
let handed = 0;
let counted = 0;

/** Call `taker` with each batch; returns how to stop. */
export function take(taker) {
  takers.add(taker);
  return () => takers.delete(taker);
}

/** Messages a second, over the last five. */
export function perSecond() {
  const known = rates.value.slice(-5).filter((number) => number !== null);
  return known.reduce((sum, number) => sum + number, 0) / Math.max(known.length, 1);
}

export async function listen() {
  setInterval(tick, 1000);
  await begin();
}

async function begin() {
  try {
    const { messages } = await get("/timeline?limit=150");
    if (newest < 0) remember(messages);
    for (const said of messages.reverse()) if (said.offset > newest) hear(said, false);
    handOut();
    requestAnimationFrame(() => performance.mark("interactive")); // `rabbit-chatter bench page` looks for it
    open();
  } catch {
    connection.set("lost");
    setTimeout(begin, AGAIN);
  }
}

/** Count what was said before this page was opened, as far back as all of it is known. */
function remember(messages) {
  const ages = messages.filter((said) => said.sent).map((said) => Math.floor((Date.now() - Date.parse(said.sent)) / 1000));
  const known = Math.min(Math.max(...ages), SECONDS);
  for (let age = 0; age < known; age++) rates.value[SECONDS - 1 - age] = ages.filter((other) => other === age).length;
}

function open() {
  const source = new EventSource(newest >= 0 ? `/eavesdrop?last_event_id=${newest}` : "/eavesdrop");
  source.onopen = () => connection.set("live");
  source.onmessage = (event) => hear(JSON.parse(event.data), true);
  source.addEventListener("gap", (event) => push({ gap: JSON.parse(event.data).missed }));
  source.addEventListener("reset", () => {
    newest = -1; // RabbitMQ was set up anew, and counts from 0 again
  });
  source.onerror = () => {
    connection.set("lost");
    // A browser connects again by itself, except after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN);
  };
}

function hear(said, live) {
  if (said.offset <= newest) return;
  newest = said.offset;
  if (live) counted++;
  push(said);
}

function push(line) {
  waiting.push(line);
  if (waiting.length > KEPT) waiting.splice(0, waiting.length - KEPT);
  // A timer, not an animation frame: those stop in a hidden tab, and what waits would grow old there.
  handing ??= setTimeout(handOut, Math.max(0, handed + (perSecond() > MANY ? BUSY : CALM) - performance.now()));
}

function handOut() {
  handing = null;
  handed = performance.now();
  const batch = waiting;
  waiting = [];
  lines.value.unshift(...[...batch].reverse());
  lines.value.length = Math.min(lines.value.length, KEPT);
  for (const taker of takers) taker(batch);
  lines.changed();
}

function tick() {
  rates.value.push(counted);
  rates.value.shift();
  counted = 0;
  rates.changed();
}
