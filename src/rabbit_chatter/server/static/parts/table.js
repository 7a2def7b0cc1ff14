// A table of any length: only the rows that one sees are there. Columns sort; rows are links.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";

const ROW = 44; // pixels
const SPARE = 8; // rows above and below, for fast scrolling

/**
 * columns: [{ key, title, cell(row), by(row), numeric }], sorted by what `by` gives; rows: [{ name, … }].
 * The order is { key, down }.
 */
export function Table({ label, columns, rows, order, onOrder }) {
  const place = useRef();
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  const sorted = sort(rows, columns, order);
  const first = Math.max(Math.floor(top / ROW) - SPARE, 0);
  const shown = sorted.slice(first, first + Math.ceil(height / ROW) + 2 * SPARE);
  return html`
    <div class="table" role="table" aria-label=${label} aria-rowcount=${rows.length + 1}
      style=${{ "--columns": columns.map((column) => column.width).join(" ") }}>
      <div class="head" role="row" aria-rowindex="1">${columns.map((column) => html`
        <${Title} key=${column.key} column=${column} order=${order} onOrder=${onOrder} />`)}</div>
      <div class="body" role="rowgroup" tabindex="0" aria-label="Rows" ref=${place} onScroll=${(event) => setTop(event.target.scrollTop)}>
        <div class="room" role="presentation" style=${{ height: `${sorted.length * ROW}px` }}>
          ${shown.map((row, index) => html`
            <div key=${row.name} class="row" role="row" aria-rowindex=${first + index + 2}
              style=${{ transform: `translateY(${(first + index) * ROW}px)`, height: `${ROW}px` }}>
              ${columns.map((column) => html`
                <span key=${column.key} role="cell" class=${column.numeric ? "number" : undefined}>${column.cell(row)}</span>`)}
            </div>`)}
        </div>
      </div>
    </div>`;
}

function Title({ column, order, onOrder }) {
  const chosen = order.key === column.key;
  const sorted = chosen ? (order.down ? "descending" : "ascending") : "none";
  const next = { key: column.key, down: chosen ? !order.down : Boolean(column.numeric) };
  return html`
    <span role="columnheader" aria-sort=${sorted} class=${column.numeric ? "number" : undefined}>
      <button class="plain" onClick=${() => onOrder(next)}>
        ${column.title}${chosen && html`<span aria-hidden="true">${order.down ? "↓" : "↑"}</span>`}
      </button>
    </span>`;
}

function sort(rows, columns, { key, down }) {
  const { by } = columns.find((column) => column.key === key) ?? columns[0];
  const way = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [one, other] = [by(a), by(b)];
    return one < other ? -way : one > other ? way : a.name < b.name ? -1 : 1;
  });
}
