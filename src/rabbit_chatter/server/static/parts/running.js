// For the teacher, above every view: which incidents run.
import { duration } from "../lib/format.js";
import { incidents, left, teaching } from "../lib/incidents.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { html } from "../vendor/ui.js";

export function Running() {
  const known = useSignal(incidents);
  if (!useSignal(teaching) || !known?.running.length) return null;
  return html`<p class="banner staged" role="status">
    ${known.running.map((one, index) => html`<span key=${index}><b>${one.title ?? "A secret incident"}</b> runs
      <span aria-hidden="true">, ${duration(left(one))} left</span></span>`)}
    <a href=${to("incidents")}>what it does, and how to stop it</a>
  </p>`;
}
