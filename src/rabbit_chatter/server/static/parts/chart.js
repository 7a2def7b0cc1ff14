// A live chart (uPlot), in the colours of the page, as wide as its place.
import { clock } from "../lib/format.js";
import { theme, colour } from "../lib/theme.js";
import { useSignal } from "../lib/signal.js";
import { html, useEffect, useRef } from "../vendor/ui.js";
import uPlot from "../vendor/uplot.js";

/**
 * data: [moments in seconds, values, values …]; series: [{ label, colour, fill }] for each array of values.
 * `label` says in words what is drawn, for those who do not see it.
 */
export function Chart({ data, series, height = 240, label, axes = true }) {
  const place = useRef();
  const plot = useRef();
  const shown = useSignal(theme);
  useEffect(() => {
    const frame = place.current;
    const drawn = new uPlot(options(series, height, axes, frame.clientWidth), data, frame);
    plot.current = drawn;
    const watcher = new ResizeObserver(() => drawn.setSize({ width: frame.clientWidth, height }));
    watcher.observe(frame);
    return () => {
      watcher.disconnect();
      drawn.destroy();
    };
  }, [shown, height, axes, JSON.stringify(series)]);
  useEffect(() => plot.current.setData(data), [data]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${place} style=${{ minHeight: `${height}px` }}></div>`;
}

function options(series, height, axes, width) {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    padding: axes ? [12, 8, 0, 0] : [4, 0, 0, 0],
    scales: { y: { range: (_, least, most) => [Math.min(least ?? 0, 0), Math.max(most ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, show: axes, space: 90, size: 30, values: (_, moments) => moments.map((moment) => clock(moment * 1000)) },
      { ...axis, show: axes, size: 52 },
    ],
    series: [{}, ...series.map((one) => line(one))],
  };
}

function line({ label, colour: name, fill = false, steps = false }) {
  const stroke = colour(name);
  const paths = steps ? uPlot.paths.stepped({ align: 1 }) : undefined;
  return { label, stroke, width: 2, paths, points: { show: false }, fill: fill ? fade(stroke) : undefined };
}

/** The same colour, mostly transparent; browsers compute colours to rgb(…). */
function fade(stroke) {
  return stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.15)");
}
