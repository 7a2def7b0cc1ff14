// What an answer's alerts did in one recording: from left to right, coloured where they waited and fired.
import { duration } from "../lib/format.js";
import { html } from "../vendor/ui.js";

const [WIDTH, HEIGHT] = [1000, 16];

export function Strip({ line, length, share }) {
  const x = (seconds) => (length ? (seconds / length) * WIDTH : 0);
  const spans = [
    ...runs(line.pending).map((run) => ["pending", run]),
    ...runs(line.firing).map((run) => [line.expected ? "right" : "wrong", run]),
  ];
  const marks = [line.inject, line.clear].filter((at) => at !== null && at <= length);
  return html`
    <svg class="strip" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${told(line, length)}
      style=${{ width: `${(share * 100).toFixed(1)}%` }}>
      <rect class="ground" x="0" y="5" width=${WIDTH} height="6" />
      ${spans.map(([kind, [from, to]], index) => html`<rect key=${index} data-kind=${kind} y="1" height="14"
        x=${x(from * line.interval)} width=${Math.max(x((to - from) * line.interval), 3)} />`)}
      ${marks.map((at, index) => html`<path key=${index} class="mark" d=${`M${x(at)},0V${HEIGHT}`} />`)}
    </svg>`;
}

/** Where numbers are not zero: [[first, the one after the last]]. */
function runs(counts) {
  const found = [];
  counts.forEach((count, index) => {
    if (!count) return;
    if (found.at(-1)?.[1] === index) found.at(-1)[1] = index + 1;
    else found.push([index, index + 1]);
  });
  return found;
}

/** The picture in words. */
function told(line, length) {
  const fired = runs(line.firing).map(([from, to]) => `from ${duration(from * line.interval)} to ${duration(Math.min(to * line.interval, length))}`);
  const began = line.inject === null ? "" : `; trouble began at ${duration(line.inject)}`;
  const ended = line.clear === null ? "" : `, its cause was gone at ${duration(line.clear)}`;
  return `${fired.length ? `fired ${fired.slice(0, 5).join(", ")}` : "silent"}${began}${ended}`;
}
