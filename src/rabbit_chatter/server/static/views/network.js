// The network: bots, and their messages on the way. What is drawn is told beside it in words, too.
import { take } from "../lib/feed.js";
import { count } from "../lib/format.js";
import { absence, people, present } from "../lib/people.js";
import { to } from "../lib/route.js";
import { useSignal } from "../lib/signal.js";
import { theme } from "../lib/theme.js";
import { Drawing } from "../network/drawing.js";
import { Layout } from "../network/layout.js";
import { Model, radius } from "../network/model.js";
import { Empty, Trouble, Waiting } from "../parts/empty.js";
import { Avatar, Dialect } from "../parts/names.js";
import { html, useEffect, useRef, useState } from "../vendor/ui.js";

const FRAME = 1000 / 30; // milliseconds; more would only warm the room
const SETTLE = 1000; // milliseconds between looks at who is there
const NEAR = 8; // pixels around a bot in which it is meant

export function Network() {
  useSignal(people);
  const trouble = useSignal(absence);
  const here = present();
  const model = useRef(null);
  model.current ??= new Model();
  return html`
    <div class="stack">
      <div class="spread heading"><h1>Network <span class="quiet">${here ? `${count(here.length)} bots` : trouble ? "" : "loading …"}</span></h1>
        <p class="quiet unhurried">A dot that flies is a message, a ring is a tweet; the larger a bot, the more it says.</p></div>
      <${Trouble} error=${trouble} />
      <div class="network">
        <section class="card flush"><${Picture} model=${model.current} bots=${here?.length} /></section>
        <aside class="stack">
          <section class="card"><h2>Dialects</h2><${Legend} bots=${here ?? []} /></section>
          <section class="card"><h2>Talking most</h2><${Busiest} model=${model.current} /></section>
        </aside>
      </div>
    </div>`;
}

function Picture({ model, bots }) {
  const place = useRef();
  const [hovered, setHovered] = useState(null);
  const pointed = useRef(null);
  useEffect(() => animate(place.current, model, () => pointed.current), []);
  const point = (event) => {
    const found = at(model, event.offsetX, event.offsetY);
    pointed.current = found;
    setHovered(found?.name ?? null);
  };
  return html`
    ${bots === undefined && html`<${Waiting} />`}
    ${bots === 0 && html`<${Empty} title="No bots are here">Let some join: <code>rabbit-chatter scale 40</code></${Empty}>`}
    <canvas ref=${place} role="img" aria-label=${`${bots ?? "No"} bots and the messages between them; the list beside says who talks most`}
      style=${{ cursor: hovered ? "pointer" : "default" }} title=${hovered ?? ""}
      onMouseMove=${point} onMouseLeave=${() => { pointed.current = null; setHovered(null); }}
      onClick=${() => hovered && (location.hash = to("bots", hovered))}></canvas>`;
}

function at(model, x, y) {
  for (const node of model.nodes.values()) {
    if (Math.hypot(node.x - x, node.y - y) < radius(node) + NEAR) return node;
  }
  return null;
}

/** Draw until the view is left; returns how to stop. */
function animate(canvas, model, pointed) {
  const drawing = new Drawing(canvas);
  const layout = new Layout(model);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let [drawn, settled, frame] = [0, 0, 0];
  const fit = () => {
    drawing.fit(canvas.clientWidth, canvas.clientHeight);
    settled = 0;
  };
  const stops = [
    take((batch) => model.hear(batch, performance.now() / 1000)),
    theme.listen(() => drawing.repaint()),
    () => cancelAnimationFrame(frame),
    observe(canvas, fit),
  ];
  function round(now) {
    frame = requestAnimationFrame(round);
    if (now - drawn < FRAME) return;
    drawn = now;
    if (now - settled > SETTLE || !settled) {
      settled = now;
      model.settle(people.value, now / 1000);
      layout.arrange(drawing.width, drawing.height);
    }
    model.fade(now / 1000);
    if (still.matches) model.pulses = [];
    layout.step();
    drawing.draw(model, layout, now / 1000, pointed());
  }
  fit();
  frame = requestAnimationFrame(round);
  return () => stops.forEach((stop) => stop());
}

function observe(canvas, fit) {
  const watcher = new ResizeObserver(fit);
  watcher.observe(canvas);
  return () => watcher.disconnect();
}

function Legend({ bots }) {
  const found = new Map();
  for (const { dialect } of bots) found.set(dialect, (found.get(dialect) ?? 0) + 1);
  const rows = [...found].sort((a, b) => b[1] - a[1]);
  return html`<ul class="plain-list">${rows.map(([name, number]) => html`
    <li key=${name} class="spread"><${Dialect} name=${name} /><b>${count(number)}</b></li>`)}</ul>`;
}

function Busiest({ model }) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((number) => number + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const pairs = model.busiest(8);
  if (!pairs.length) return html`<p class="quiet">Nobody yet.</p>`;
  return html`<ul class="plain-list">${pairs.map(({ from, to: other }) => html`
    <li key=${`${from.name} ${other.name}`} class="pair-links"><${Avatar} name=${from.name} /><a href=${to("bots", from.name)}>${from.name}</a>
      <span aria-hidden="true">·</span><a href=${to("bots", other.name)}>${other.name}</a></li>`)}</ul>`;
}
