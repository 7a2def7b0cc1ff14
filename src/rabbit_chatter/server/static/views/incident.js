// One incident: what it is, what it should bring, where to look, and its buttons.
import { duration } from "../lib/format.js";
import { left, start, stop } from "../lib/incidents.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { tools } from "../lib/tools.js";
import { useOrder } from "../parts/order.js";
import { Prose } from "../parts/prose.js";
import { html, useState } from "../vendor/ui.js";

const [SHORTEST, LONGEST] = [5, 3600]; // seconds, as the server has them
// The view that shows live what a dashboard shows over hours.
const VIEWS = { "chatter-queues": "queues", "chatter-bots": "bots", "chatter-overview": "live", "chatter-slo": "alerts" };

export function Incident({ incident, running }) {
  return html`
    <section class="card" aria-label=${incident.title}>
      <div class="spread heading"><h2>${incident.title}</h2><code>${incident.name}</code></div>
      <p class="lead">${incident.symptom}</p>
      ${incident.for_operator ? html`<${Command} incident=${incident} />` : html`<${Buttons} incident=${incident} running=${running} />`}
      <p><${Prose} text=${incident.story} /></p>
      <dl class="pairs">
        <dt>should bring</dt><dd>${incident.alert ? html`the alert <a href=${to("alerts")}>${incident.alert}</a> within ${duration(incident.within)}` : "no alert: it has to be noticed"}</dd>
        <dt>ends</dt><dd><${Prose} text=${incident.clears} /></dd>
        <dt>look at</dt><dd><ul class="plain-list">${incident.panels.map((panel) => html`<li key=${panel}><${Panel} panel=${panel} /></li>`)}</ul></dd>
        ${incident.page && html`<dt>on this page</dt><dd><${Prose} text=${incident.page} /></dd>`}
        ${incident.trace && html`<dt>in traces</dt><dd><${Prose} text=${incident.trace} /></dd>`}
      </dl>
    </section>`;
}

function Panel({ panel }) {
  const { grafana } = useSignal(tools);
  const [board, title] = panel.split(/\/(.*)/s);
  return html`
    ${grafana ? html`<a href=${`${grafana}/d/${encodeURIComponent(board)}`} target="_blank" rel="noreferrer">${title} ↗</a>` : title}
    ${" "}<span class="quiet">${board}</span>
    ${VIEWS[board] && html`${" "}<a class="small" href=${to(VIEWS[board])}>view ${VIEWS[board]}</a>`}`;
}

function Command({ incident }) {
  return html`<p>This is done to a process, which no page may do. In the folder where <code>up</code> was started:</p>
    <pre tabindex="0">rabbit-chatter incident start ${incident.name}</pre>`;
}

function Buttons({ incident, running }) {
  const { order, busy, said } = useOrder();
  const [wanted, setWanted] = useState({ seconds: incident.lasts, intensity: incident.intensity });
  const change = (key) => (event) => setWanted({ ...wanted, [key]: event.target.valueAsNumber });
  const send = (event) => {
    event.preventDefault();
    order(() => start(incident.name, wanted));
  };
  return html`
    <form class="start" onSubmit=${send}>
      <label>For <input type="number" required min=${SHORTEST} max=${LONGEST} value=${wanted.seconds} onInput=${change("seconds")} /> s</label>
      <label>Intensity <input type="number" required min="0" max="1" step="any" value=${wanted.intensity} onInput=${change("intensity")} /></label>
      <button disabled=${busy}>${running ? "Start again" : "Start"}</button>
      ${running && html`<button type="button" disabled=${busy} onClick=${() => order(() => stop(incident.name))}>Stop</button>`}
      <span class="quiet">${running ? `runs, ${duration(left(running))} left` : incident.intensity_means && `intensity: ${incident.intensity_means}`}</span>
    </form>
    ${said}`;
}
