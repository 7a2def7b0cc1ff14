// For the student: which exercises are done, and what was said of the last answer.
import { get, usePoll } from "../lib/api.js";
import { count } from "../lib/format.js";
import { to } from "../lib/route.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { Prose } from "../parts/prose.js";
import { html } from "../vendor/ui.js";
import { Verdict } from "./verdict.js";

const EVERY = 2; // seconds; a file that is saved is judged within one
const MARKS = { solved: "✓", "given up": "○", started: "…", "not yet": "" };

export function Exercises({ id }) {
  const { value, error } = usePoll(() => get("/exercises"), EVERY);
  if (!value) return error ? html`<${Trouble} error=${error} />` : html`<${Waiting} />`;
  const { exercises, latest, problem } = value;
  if (!exercises.length) return html`<h1>Exercises</h1>${problem ? html`<${Trouble} error=${problem} />` : html`<${Begin} />`}`;
  const solved = exercises.filter(({ state }) => state === "solved").length;
  const chosen = exercises.find(({ name }) => name === (id || latest)) ?? exercises.find(({ state }) => state !== "solved") ?? exercises[0];
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Exercises</h1>
        <p class="facts"><label>${count(solved)} of ${count(exercises.length)} solved <progress max=${exercises.length} value=${solved}></progress></label></p></div>
      <${Trouble} error=${error} />
      <div class="alerts">
        <nav class="stack" aria-label="All exercises">${topics(exercises).map(([topic, mine]) => html`
          <${Topic} key=${topic} topic=${topic} exercises=${mine} chosen=${chosen} />`)}</nav>
        <${Exercise} key=${chosen.name} exercise=${chosen} />
      </div>
    </div>`;
}

function Begin() {
  return html`<${Empty} title="No exercise was started yet">
    In the folder where <code>up</code> was started: <code>rabbit-chatter exercise start</code> puts the first one into
    <code>my-exercises</code>, and <code>rabbit-chatter exercise</code> judges it whenever you save it.</${Empty}>`;
}

function topics(exercises) {
  const found = new Map();
  for (const one of exercises) found.set(one.topic, [...(found.get(one.topic) ?? []), one]);
  return [...found];
}

function Topic({ topic, exercises, chosen }) {
  const solved = exercises.filter(({ state }) => state === "solved").length;
  return html`
    <section><h2>${topic} <span class="quiet">${count(solved)} of ${count(exercises.length)}</span></h2>
      <ul class="plain-list picks">${exercises.map((one) => html`
        <li key=${one.name}><a class="pick" aria-current=${one === chosen ? "true" : undefined} href=${to("exercises", one.name)}>
          <span class="spread"><span>${one.title}</span><b class="standing" data-state=${one.state}>${MARKS[one.state]} ${one.state}</b></span>
          <span class="quiet">${one.name}${one.score !== null && ` · ${one.score} %`}${one.hints > 0 && ` · ${one.hints} of ${one.hints_of} hints`}</span></a></li>`)}</ul></section>`;
}

function Exercise({ exercise }) {
  const { value, error } = usePoll(() => get(`/exercises/${encodeURIComponent(exercise.name)}`), EVERY, exercise.name);
  return html`
    <section class="card" aria-label=${`Exercise ${exercise.name}`}>
      <div class="spread heading"><h2>${exercise.title}</h2><code>${exercise.name}</code></div>
      ${value && html`<${Verdict} verdict=${value} />`}
      ${!value && exercise.score !== null && html`<${Trouble} error=${error} />`}
      ${!value && exercise.score === null && html`<p class="quiet">Nothing was said of an answer yet.</p>`}
      ${exercise.state !== "solved" && html`<p class="quiet small">
        <${Prose} text=${`\`rabbit-chatter exercise check ${exercise.name}\` judges your file; stuck? \`rabbit-chatter exercise hint ${exercise.name}\``} /></p>`}
    </section>`;
}
