// Spans under one another, each where it was in time: a click on one shows what it carries.
import { colourOf } from "../lib/dialects.js";
import { span as length } from "../lib/format.js";
import { meaning } from "../lib/journey.js";
import { html, useState } from "../vendor/ui.js";

const MARKS = 5;
const THINNEST = 0.4; // percent: what took microseconds is seen all the same

export function Waterfall({ rows }) {
  const [open, setOpen] = useState(null);
  const begin = Math.min(...rows.map(({ span }) => span.start_us));
  const end = Math.max(...rows.map(({ span }) => span.start_us + span.duration_us), begin + 1);
  return html`
    <div class="waterfall">
      <div class="scale" aria-hidden="true"><span></span><div>
        ${[...Array(MARKS).keys()].map((mark) => html`<span key=${mark}>${length(((end - begin) * mark) / (MARKS - 1))}</span>`)}
      </div></div>
      <ol>${rows.map(({ span, depth }) => html`
        <${Row} key=${span.span_id} span=${span} depth=${depth} begin=${begin} whole=${end - begin}
          open=${open === span.span_id} toggle=${() => setOpen(open === span.span_id ? null : span.span_id)} />`)}
      </ol>
    </div>`;
}

function Row({ span, depth, begin, whole, open, toggle }) {
  const left = ((span.start_us - begin) / whole) * 100;
  const width = Math.max((span.duration_us / whole) * 100, THINNEST);
  const bar = { left: `${Math.min(left, 100 - THINNEST)}%`, width: `${Math.min(width, 100 - left + THINNEST)}%` };
  // Beside its bar, on the side where there is room, else within it.
  const inside = left + width >= 80 && left < 20;
  const beside = left + width < 80 ? { left: `calc(${left + width}% + 6px)` }
    : { right: inside ? "8px" : `calc(${100 - left}% + 6px)` };
  return html`
    <li style=${{ "--own": `var(${colourOfSpan(span)})` }} class=${span.error ? "failed" : undefined}>
      <button class="step" aria-expanded=${open} onClick=${toggle}>
        <span class="what" style=${{ paddingLeft: `${Math.min(depth, 12) * 14}px` }}>
          <b>${span.name}</b> <span class="quiet">${who(span)}</span>
        </span>
        <span class="track"><span class="bit" style=${bar}></span>
          <span class=${inside ? "took inside" : "took"} style=${beside}>${length(span.duration_us)}</span></span>
      </button>
      ${open && html`<${Details} span=${span} />`}
    </li>`;
}

/** A bot is its dialect's colour; the broker and our own servers have theirs. */
function colourOfSpan({ service }) {
  if (service.startsWith("bot-")) return colourOf(service.slice(4));
  return service === "rabbitmq" ? "--accent" : "--dialect-none";
}

function who({ service, instance }) {
  return service.startsWith("bot-") && instance ? instance : service;
}

function Details({ span }) {
  // Jaeger adds remarks of its own.
  const attributes = Object.entries(span.attributes).filter(([key]) => !key.startsWith("@jaeger@"));
  return html`
    <div class="details">
      ${meaning(span) && html`<p>${meaning(span)}.</p>`}
      ${span.error && html`<p class="trouble">${span.message || "It failed."}</p>`}
      <dl class="pairs">
        <dt>service</dt><dd>${span.service}${span.instance && ` · ${span.instance}`}</dd>
        <dt>span id</dt><dd><code>${span.span_id}</code></dd>
        ${attributes.map(([key, value]) => html`<dt key=${key}>${key}</dt><dd>${text(value)}</dd>`)}
        ${span.events.map((event) => html`<dt>${event.name}</dt>
          <dd>${text(event.attributes["exception.message"] ?? event.attributes)}</dd>`)}
        ${span.links.map((link) => html`<dt>link to</dt><dd><code>${link.span_id}</code> in <code>${link.trace_id}</code></dd>`)}
      </dl>
    </div>`;
}

function text(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
