// Each dialect has a colour, the same in every view: page.css has seven, and one for the unknown.

const COLOURS = 7;
const slots = new Map();

/** Return the name of a dialect's colour: its own choice if that is free, else the next. */
export function colourOf(dialect) {
  if (!dialect) return "--dialect-none";
  if (!slots.has(dialect)) slots.set(dialect, free(dialect));
  return `--dialect-${slots.get(dialect)}`;
}

function free(dialect) {
  let slot = 0;
  for (const letter of dialect) slot = (slot * 31 + letter.codePointAt(0)) % COLOURS;
  const taken = new Set(slots.values());
  for (let tries = 0; tries < COLOURS && taken.has(slot); tries++) slot = (slot + 1) % COLOURS;
  return slot;
}

/** The dialects seen so far, by name. */
export function seen() {
  return [...slots.keys()].sort();
}
