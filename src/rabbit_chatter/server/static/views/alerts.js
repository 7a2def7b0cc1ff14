// What fires now, for how long, and what to do: the runbook beside it.
import { alerts } from "../lib/alerts.js";
import { get, usePoll } from "../lib/api.js";
import { duration } from "../lib/format.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { Elsewhere } from "../parts/elsewhere.js";
import { Empty, Trouble } from "../parts/empty.js";
import { ALERTS, Line } from "../parts/line.js";
import { Runbook } from "../parts/runbook.js";
import { tools } from "../lib/tools.js";
import { html, useEffect, useState } from "../vendor/ui.js";

const LINKS = [
  { tool: "prometheus", text: "Rules in Prometheus", address: (url) => `${url}/alerts` },
  { tool: "alertmanager", text: "Alertmanager", address: (url) => url },
  { tool: "grafana", text: "Objectives in Grafana", address: (url) => `${url}/d/chatter-slo` },
];

export function Alerts({ id }) {
  const firing = useSignal(alerts);
  const chosen = firing.find((alert) => alert.fingerprint === id) ?? firing[0];
  return html`
    <div class="stack">
      <h1>Alerts</h1>
      ${firing.length > 0 ? html`
        <div class="alerts">
          <ul class="plain-list" aria-label="Alerts that fire">${firing.map((alert) => html`
            <${Tile} key=${alert.fingerprint} alert=${alert} chosen=${alert === chosen} />`)}</ul>
          <${Detail} alert=${chosen} />
        </div>` : html`<${Quiet} />`}
      <section class="card flush"><h2 class="inset">What was said about alerts</h2><${Posts} /></section>
      <${Elsewhere} links=${LINKS} />
    </div>`;
}

function Quiet() {
  const { alertmanager, prometheus } = useSignal(tools);
  if (alertmanager === null || prometheus === null) {
    return html`<${Empty} title="Nobody looks for trouble">
      Prometheus finds it and Alertmanager tells this page; one of them is not installed.</${Empty}>`;
  }
  return html`<${Empty} title="Nothing fires">All is well as far as the rules can see.</${Empty}>`;
}

function Tile({ alert, chosen }) {
  return html`
    <li><a class="card alert-tile" aria-current=${chosen ? "true" : undefined} href=${to("alerts", alert.fingerprint)}>
      <span class="spread"><b>${alert.name}</b>
        <span class=${`severity ${alert.severity === "page" ? "loud" : ""}`}>${alert.severity || "no severity"}</span></span>
      <span>${alert.summary}</span>
      <span class="quiet">firing for <${Since} moment=${alert.since} /></span>
    </a></li>`;
}

function Since({ moment }) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return duration((Date.now() - Date.parse(moment)) / 1000);
}

function Detail({ alert }) {
  const shown = Object.entries(alert.labels).filter(([name]) => name !== "alertname");
  return html`
    <section class="card" aria-label=${`Alert ${alert.name}`}>
      <h2>${alert.name}</h2>
      <p class="lead">${alert.summary}</p>
      ${alert.description && html`<p>${alert.description}</p>`}
      <p class="labels">${shown.map(([name, value]) => html`<code key=${name}>${name}=${value}</code>`)}</p>
      ${/^https?:/.test(alert.graph) && html`<p><a class="button" target="_blank" rel="noreferrer" href=${alert.graph}>Its graph ↗</a></p>`}
      ${alert.runbook ? html`<${Runbook} key=${alert.runbook} name=${alert.runbook} />` : html`<p class="quiet">It names no runbook.</p>`}
    </section>`;
}

function Posts() {
  const { value, error } = usePoll(() => get(`/timeline?bot=${ALERTS}&limit=30`), 3);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!value?.messages.length) return html`<p class="quiet inset">Nothing yet. Alerts are said in the timeline, too, by the bot ${ALERTS}.</p>`;
  return html`<ol class="lines">${value.messages.map((said) => html`<${Line} key=${said.id} said=${said} />`)}</ol>`;
}
