// The page: a bar of views above, and one of them below. Whatever bots say goes in as text, never as HTML.
import { watch as watchAlerts, alerts } from "./lib/alerts.js";
import { connection, listen, perSecond, rates } from "./lib/feed.js";
import { watch as watchIncidents } from "./lib/incidents.js";
import { meet } from "./lib/people.js";
import { watch as watchQueues } from "./lib/queues.js";
import { route, to } from "./lib/route.js";
import { useSignal } from "./lib/signal.js";
import { rate } from "./lib/format.js";
import { theme, toggle } from "./lib/theme.js";
import { find } from "./lib/tools.js";
import { Running } from "./parts/running.js";
import { html, render, useEffect, useRef, useState } from "./vendor/ui.js";
import { Live } from "./views/live.js";

// Each view is a module of its own, loaded when it is first wanted, but for the first, which is always wanted.
// `tab` is what the bar calls it; a view without one is reached from others.
const VIEWS = {
  live: { tab: "Live", load: async () => Live },
  network: { tab: "Network", load: async () => (await import("./views/network.js")).Network },
  queues: { tab: "Queues", load: async () => (await import("./views/queues.js")).Queues },
  conversations: { tab: "Conversations", load: async () => (await import("./views/conversations.js")).Conversations },
  bots: { tab: "Bots", load: async () => (await import("./views/bots.js")).Bots },
  alerts: { tab: "Alerts", load: async () => (await import("./views/alerts.js")).Alerts },
  incidents: { tab: "Incidents", load: async () => (await import("./views/incidents.js")).Incidents },
  exercises: { tab: "Exercises", load: async () => (await import("./views/exercises.js")).Exercises },
  messages: { load: async () => (await import("./views/message.js")).Message },
};

function Bar({ shown }) {
  const firing = useSignal(alerts).length;
  return html`
    <header class="bar">
      <a class="skip" href="#main" onClick=${skip}>Skip to content</a>
      <a class="brand" href=${to("live")}><img src="/static/icon.svg" alt="" width="28" height="28" />rabbit-chatter</a>
      <nav aria-label="Views">
        ${Object.entries(VIEWS).filter(([, view]) => view.tab).map(([name, view]) => html`
          <a key=${name} href=${to(name)} aria-current=${name === shown ? "page" : undefined}>
            ${view.tab}
            ${name === "alerts" && firing > 0 && html`${" "}<b class="badge">${firing}<span class="unseen"> firing</span></b>`}
          </a>`)}
      </nav>
      <${Pulse} />
      <${Theme} />
    </header>`;
}

function skip(event) {
  event.preventDefault(); // the part behind "#" is the view's
  document.getElementById("main").focus();
}

const SAID = { connecting: "connecting …", lost: "not connected" };

function Pulse() {
  const state = useSignal(connection);
  useSignal(rates);
  return html`<p class="pulse" role="status" data-state=${state}>
    ${SAID[state] ?? html`live<span aria-hidden="true"> · ${rate(perSecond())}/s</span>`}
  </p>`;
}

function Theme() {
  const dark = useSignal(theme) === "dark";
  return html`<button class="plain" onClick=${toggle} title=${dark ? "Light" : "Dark"}
    aria-label=${dark ? "Change to light colours" : "Change to dark colours"}>${dark ? "☀" : "☾"}</button>`;
}

function Lost() {
  if (useSignal(connection) !== "lost") return null;
  return html`<p class="banner" role="alert">
    The chat server does not answer. This page tries again by itself; meanwhile it shows what it knew last.
    Is it running? <code>rabbit-chatter status</code> says so.
  </p>`;
}

function Page() {
  const { view: name, id, query } = useSignal(route);
  const view = VIEWS[name];
  const [Shown, setShown] = useState(() => (name === "live" ? Live : null));
  const main = useRef();
  useEffect(() => {
    let over = false;
    setShown(null);
    view?.load().then((found) => !over && setShown(() => found), () => !over && setShown(() => Broken));
    document.title = `${view?.tab ?? (id.slice(0, 12) || "?")} · rabbit-chatter`;
    return () => {
      over = true;
    };
  }, [name]);
  useEffect(() => scrollTo(0, 0), [name, id]);
  return html`
    <${Bar} shown=${name} />
    <${Lost} />
    <${Running} />
    <main id="main" tabindex="-1" ref=${main}>
      ${view ? Shown && html`<${Shown} key=${`${name}/${id}`} id=${id} query=${query} />` : html`<${Nowhere} />`}
    </main>`;
}

function Nowhere() {
  return html`<div class="empty"><h1>There is no such view</h1><p><a href=${to("live")}>See what is being said</a></p></div>`;
}

function Broken() {
  return html`<div class="empty"><h1>This view could not be loaded</h1>
    <p>The chat server may be starting again. <a href="/">Load the page anew</a></p></div>`;
}

listen();
meet();
watchQueues();
watchAlerts();
watchIncidents();
find();
render(html`<${Page} />`, document.getElementById("app"));
