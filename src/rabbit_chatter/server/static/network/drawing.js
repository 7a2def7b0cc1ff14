// The network on a canvas: bots, the lines between those that talk, and every message on its way.
import { colourOf } from "../lib/dialects.js";
import { colour } from "../lib/theme.js";
import { FLIGHT, Model, radius } from "./model.js";

const DOT = 3.2; // pixels, of one among many
const FONT = "13px system-ui, sans-serif";
const LARGE = "600 17px system-ui, sans-serif";

export class Drawing {
  #colours = new Map();

  constructor(canvas) {
    this.canvas = canvas;
    this.brush = canvas.getContext("2d");
  }

  /** Take the size of the canvas' place; sharp on every screen. */
  fit(width, height) {
    const scale = devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.brush.setTransform(scale, 0, 0, scale, 0, 0);
    [this.width, this.height] = [width, height];
  }

  /** Ask for colours anew: the theme has changed. */
  repaint() {
    this.#colours.clear();
  }

  draw(model, layout, now, hovered) {
    this.brush.clearRect(0, 0, this.width, this.height);
    if (layout.many) this.#many(model, layout);
    else this.#few(model, now, hovered);
    for (const pulse of model.pulses) this.#pulse(pulse, now, layout.many);
  }

  #paint(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, colour(name));
    return this.#colours.get(name);
  }

  #few(model, now, hovered) {
    const { brush } = this;
    for (const edge of model.edges.values()) {
      const near = hovered && (edge.from === hovered || edge.to === hovered);
      brush.globalAlpha = near ? 0.9 : (hovered ? 0.08 : 0.15 + 0.45 * Model.freshness(edge, now));
      brush.strokeStyle = this.#paint(near ? "--ink" : "--faint");
      brush.lineWidth = 1 + Math.min(edge.weight, 8) / 2.5;
      this.#line(edge.from, edge.to);
    }
    brush.globalAlpha = 1;
    brush.textAlign = "center";
    brush.font = FONT;
    for (const node of model.nodes.values()) this.#bot(node);
  }

  #bot(node) {
    const { brush } = this;
    const size = radius(node);
    this.#disc(node.x, node.y, size + 2, this.#paint("--card"));
    this.#disc(node.x, node.y, size, this.#paint(colourOf(node.dialect)));
    brush.fillStyle = this.#paint("--ink");
    brush.fillText(node.name, node.x, node.y + size + 15);
  }

  #many(model, layout) {
    const { brush } = this;
    brush.globalAlpha = 0.4;
    brush.strokeStyle = this.#paint("--faint");
    for (const [pair, weight] of between(model, layout)) {
      brush.lineWidth = 1 + Math.min(Math.sqrt(weight), 14);
      this.#line(...pair);
    }
    for (const { x, y, radius: size, dialect } of layout.clusters) {
      brush.globalAlpha = 1;
      this.#disc(x, y, size + 10, this.#paint("--card"));
      brush.globalAlpha = 0.12;
      this.#disc(x, y, size + 10, this.#paint(colourOf(dialect)));
    }
    for (const node of model.nodes.values()) {
      brush.globalAlpha = 0.45 + Math.min(node.activity / 3, 0.55);
      this.#disc(node.x, node.y, DOT + Math.min(node.activity, 4), this.#paint(colourOf(node.dialect)));
    }
    brush.globalAlpha = 1;
    brush.textAlign = "center";
    brush.font = LARGE;
    brush.fillStyle = this.#paint("--ink");
    for (const { dialect, count, x, y, radius: size } of layout.clusters) {
      brush.fillText(`${dialect || "unknown"} · ${count}`, x, Math.max(y - size - 18, 20));
    }
  }

  #pulse({ from, to, at }, now, many) {
    const { brush } = this;
    const part = (now - at) / FLIGHT;
    if (part < 0 || from.x === undefined) return;
    brush.fillStyle = brush.strokeStyle = this.#paint(colourOf(from.dialect));
    if (!to) {
      brush.globalAlpha = 1 - part;
      brush.lineWidth = 2;
      brush.beginPath();
      brush.arc(from.x, from.y, (many ? DOT : radius(from)) + 26 * part, 0, 2 * Math.PI);
      brush.stroke();
    } else {
      const eased = part * part * (3 - 2 * part);
      const place = (step) => [from.x + (to.x - from.x) * step, from.y + (to.y - from.y) * step];
      for (const [behind, alpha] of [[0.1, 0.25], [0.05, 0.5], [0, 1]]) {
        brush.globalAlpha = alpha;
        this.#disc(...place(Math.max(eased - behind, 0)), many ? 2.6 : 5.5, brush.fillStyle);
      }
    }
    brush.globalAlpha = 1;
  }

  #line(from, to) {
    this.brush.beginPath();
    this.brush.moveTo(from.x, from.y);
    this.brush.lineTo(to.x, to.y);
    this.brush.stroke();
  }

  #disc(x, y, size, paint) {
    this.brush.fillStyle = paint;
    this.brush.beginPath();
    this.brush.arc(x, y, size, 0, 2 * Math.PI);
    this.brush.fill();
  }
}

/** How much is said between each two circles: [[one, other], weight]. */
function between(model, layout) {
  const places = new Map(layout.clusters.map((cluster) => [cluster.dialect, cluster]));
  const found = new Map();
  for (const { from, to, weight } of model.edges.values()) {
    if (from.dialect === to.dialect) continue;
    const key = [from.dialect, to.dialect].sort().join(" ");
    const [pair, sum] = found.get(key) ?? [[places.get(from.dialect), places.get(to.dialect)], 0];
    if (pair[0] && pair[1]) found.set(key, [pair, sum + weight]);
  }
  return [...found.values()];
}
