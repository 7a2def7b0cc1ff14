// A small line beside a figure; it decorates, the figure tells.
import { html } from "../vendor/ui.js";

const [WIDTH, HEIGHT] = [96, 24];

export function Sparkline({ points, colour = "--accent", length = 60 }) {
  if (points.length < 2) return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"></svg>`;
  const most = Math.max(...points, 1e-9);
  const step = WIDTH / (length - 1);
  const left = WIDTH - step * (points.length - 1);
  const places = points.map((value, index) => `${(left + index * step).toFixed(1)},${y(value, most)}`);
  return html`
    <svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" style=${{ "--own": `var(${colour})` }}>
      <path class="area" d="M${left.toFixed(1)},${HEIGHT}L${places.join("L")}L${WIDTH},${HEIGHT}Z" />
      <path class="edge" d="M${places.join("L")}" />
    </svg>`;
}

function y(value, most) {
  return (HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1);
}
