// Who is there: the queue-manager's list of bots, and who was heard since; with their dialects.
import { getAll } from "./api.js";
import { colourOf } from "./dialects.js";
import { take } from "./feed.js";
import { Signal } from "./signal.js";

const EVERY = 5000; // milliseconds
const MOST = 5000; // bots

/** Name → { name, dialect, here }: `here` while the queue-manager lists it. */
export const people = new Signal(new Map());

/** Why the list could not be had, or null. */
export const absence = new Signal(null);

/** Those who are here, or null until the list was had for the first time. */
export function present() {
  return listed ? [...people.value.values()].filter((bot) => bot.here) : null;
}

let listed = false;

export function dialectOf(name) {
  return people.value.get(name)?.dialect;
}

function know(name, dialect, here) {
  const known = people.value.get(name);
  if (!known && people.value.size >= MOST) people.value.delete(people.value.keys().next().value);
  if (known) {
    known.dialect ||= dialect;
    known.here ||= here;
  } else {
    people.value.set(name, { name, dialect, here });
  }
}

async function ask() {
  if (!document.hidden) {
    try {
      const bots = await getAll("/bots", "bots", MOST);
      const names = new Set(bots.map((bot) => bot.name));
      for (const bot of [...bots].sort((a, b) => (a.dialect < b.dialect ? -1 : 1))) {
        colourOf(bot.dialect);
        know(bot.name, bot.dialect, true);
      }
      for (const known of people.value.values()) known.here = names.has(known.name);
      listed = true;
      absence.set(null);
    } catch (error) {
      absence.set(error.message);
    }
    people.changed();
  }
  setTimeout(ask, EVERY);
}

export function meet() {
  take((batch) => {
    for (const said of batch) if (said.from) know(said.from, said.dialect, false);
  });
  ask();
}
