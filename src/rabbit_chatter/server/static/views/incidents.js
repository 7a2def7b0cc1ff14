// For the teacher: what can be broken on purpose, what is broken now, and how each ends.
import { count, duration } from "../lib/format.js";
import { absence, incidents, left, stop, teach, teaching } from "../lib/incidents.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { useOrder } from "../parts/order.js";
import { html } from "../vendor/ui.js";
import { Incident } from "./incident.js";

const KINDS = { work: "Work", telemetry: "Telemetry itself" };

export function Incidents({ id }) {
  return useSignal(teaching) ? html`<${Desk} id=${id} />` : html`<${Hidden} />`;
}

function Hidden() {
  return html`
    <h1>Incidents</h1>
    <${Empty} title="What is broken on purpose is for a class to find out">
      A teacher sees here which incidents there are, starts and stops them, and has a line above every view while one
      runs. This tab remembers that until it is closed; other tabs and windows, such as the one on the wall, do not
      show it.</${Empty}>
    <p class="centred"><button onClick=${() => teach(true)}>I am the teacher: show them</button></p>`;
}

function Desk({ id }) {
  const known = useSignal(incidents);
  const trouble = useSignal(absence);
  const chosen = known?.incidents.find(({ name }) => name === id) ?? known?.incidents[0];
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Incidents</h1>
        <button onClick=${() => teach(false)}>Hide them from the class</button></div>
      <${Trouble} error=${trouble} />
      ${!known && !trouble && html`<${Waiting} />`}
      ${known && html`<${Now} running=${known.running} />`}
      ${chosen && html`
        <div class="alerts">
          <nav class="stack" aria-label="All incidents">${Object.entries(KINDS).map(([kind, title]) => html`
            <${Group} key=${kind} title=${title} known=${known} kind=${kind} chosen=${chosen} />`)}</nav>
          <${Incident} key=${chosen.name} incident=${chosen} running=${running(known, chosen.name)} />
        </div>`}
      ${known && !known.annotated && html`<p class="quiet small">Grafana is not told; with it, each start and end would be marked in its graphs.</p>`}
    </div>`;
}

function running(known, name) {
  return known.running.find((one) => one.name === name);
}

function Now({ running: now }) {
  const { order, said } = useOrder();
  if (!now.length) return html`<p class="quiet">Nothing is broken on purpose at the moment. Choose one, and start it.</p>`;
  return html`
    <section class="card" aria-label="Incidents that run">
      <div class="spread heading"><h2>Running now</h2>
        <button onClick=${() => order(() => stop())}>Stop all</button></div>
      <ul class="plain-list">${now.map((one, index) => html`
        <li key=${one.name ?? index} class="spread">
          ${one.secret ? html`<span><b>A secret incident</b> <span class="quiet">told afterwards by <code>rabbit-chatter incident reveal</code></span></span>`
            : html`<span><a href=${to("incidents", one.name)}><b>${one.title}</b></a> <span class="quiet">intensity ${one.intensity}</span></span>`}
          <span class="choice"><span>${duration(left(one))} left</span>
            ${one.name && html`<button aria-label=${`Stop ${one.name}`} onClick=${() => order(() => stop(one.name))}>Stop</button>`}</span>
        </li>`)}</ul>
      ${said}
    </section>`;
}

function Group({ title, known, kind, chosen }) {
  const mine = known.incidents.filter((incident) => incident.kind === kind);
  return html`
    <section><h2>${title} <span class="quiet">${count(mine.length)}</span></h2>
      <ul class="plain-list picks">${mine.map((incident) => html`
        <li key=${incident.name}><a class="pick" aria-current=${incident === chosen ? "true" : undefined} href=${to("incidents", incident.name)}>
          ${incident.title}${running(known, incident.name) && html`${" "}<b class="badge">runs</b>`}
          <span class="quiet">${incident.name}</span></a></li>`)}</ul></section>`;
}
