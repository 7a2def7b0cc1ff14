// Shows what the bots say. Whatever they say is text: it goes into the page through textContent alone.
"use strict";

const SHOWN = 500; // lines; older ones leave the page
// Once one part of the time is named, a browser shows only the parts that are.
const CLOCK = { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };
const talk = document.getElementById("talk");
const template = document.getElementById("line");
const connection = document.getElementById("connection");
const follow = document.getElementById("follow");
const silence = document.getElementById("silence");

let newest = -1; // offset of the last line shown

function say(state, text) {
  connection.dataset.state = state;
  connection.textContent = text;
}

function add(item) {
  silence.hidden = true;
  talk.append(item);
  while (talk.children.length > SHOWN) talk.firstElementChild.remove();
  if (follow.checked) item.scrollIntoView({ block: "end" });
}

function recipient(said) {
  if (said.kind === "tweet") return "everybody";
  return said.kind === "invite" ? `${said.to} (invitation)` : said.to;
}

function show(said) {
  if (said.offset <= newest) return;
  newest = said.offset;
  const item = template.content.firstElementChild.cloneNode(true);
  const time = item.querySelector("time");
  if (said.sent) {
    time.dateTime = said.sent;
    time.textContent = new Date(said.sent).toLocaleTimeString([], CLOCK);
  }
  item.querySelector(".from").textContent = said.from;
  item.querySelector(".to").textContent = recipient(said);
  item.querySelector(".text").textContent = said.text;
  item.querySelector(".trace").textContent = said.sampled ? said.trace_id : "";
  item.dataset.conversation = said.conversation ?? "";
  add(item);
}

function showGap(missed) {
  const item = document.createElement("li");
  item.className = "gap";
  item.textContent = `${missed} messages are missing here: this page was away for too long.`;
  add(item);
}

async function showRecent() {
  const answer = await fetch("/timeline?limit=50");
  if (!answer.ok) throw new Error(`/timeline answered ${answer.status}`);
  const { messages } = await answer.json();
  messages.reverse().forEach(show);
}

function listen() {
  const query = newest >= 0 ? `?last_event_id=${newest}` : "";
  const source = new EventSource(`/eavesdrop${query}`);
  source.onopen = () => say("live", "live");
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.addEventListener("gap", (event) => showGap(JSON.parse(event.data).missed));
  source.addEventListener("reset", () => { newest = -1; });
  source.onerror = () => {
    say("lost", "connection lost, trying again …");
    // A browser tries again by itself, except after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

async function start() {
  try {
    await showRecent();
    listen();
  } catch {
    say("lost", "the server does not answer, trying again …");
    setTimeout(start, 2000);
  }
}

start();
