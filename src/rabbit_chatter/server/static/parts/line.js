// One line of talk. It never changes, so it is drawn once.
import { Component, html } from "../vendor/ui.js";
import { colourOf } from "../lib/dialects.js";
import { clock } from "../lib/format.js";
import { to } from "../lib/route.js";
import { Avatar, Name } from "./names.js";

export const ALERTS = "alertmanager";

export class Line extends Component {
  shouldComponentUpdate() {
    return false;
  }

  render({ said }) {
    if (said.gap) {
      return html`<li class="gap">${said.gap} messages are missing here: this page was away for too long.</li>`;
    }
    const alarming = said.from === ALERTS;
    return html`
      <li class=${alarming ? "line alarm" : "line"} style=${{ "--own": `var(${colourOf(said.dialect)})` }}>
        <time datetime=${said.sent}>${clock(said.sent)}</time>
        <${Avatar} name=${said.from} dialect=${said.dialect} />
        <span class="who"><${Name} name=${said.from} dialect=${said.dialect} />${" "}<${Recipient} said=${said} /></span>
        <a class="said" href=${to("messages", said.id)}>${said.text || "…"}</a>
      </li>`;
  }
}

function Recipient({ said }) {
  if (said.kind === "tweet") return html`<span class="quiet">to everybody</span>`;
  return html`<a class="quiet talk" href=${to("conversations", said.conversation)}
    title="Eavesdrop on this conversation">→ ${said.to}</a>`;
}
