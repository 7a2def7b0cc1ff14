// What fires now, for the badge above and the view.
import { get } from "./api.js";
import { Signal } from "./signal.js";

const EVERY = 2000; // milliseconds

export const alerts = new Signal([]);

async function ask() {
  if (!document.hidden) {
    try {
      const { alerts: found } = await get("/alerts/active");
      if (JSON.stringify(found.map(facts)) !== JSON.stringify(alerts.value.map(facts))) alerts.set(found);
    } catch {
      // the connection's own light says that the server is away
    }
  }
  setTimeout(ask, EVERY);
}

function facts({ fingerprint, since, summary }) {
  return [fingerprint, since, summary];
}

export function watch() {
  ask();
}
