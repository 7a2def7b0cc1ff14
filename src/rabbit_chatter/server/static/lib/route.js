// Which view is shown is in the address, behind its "#": #/queues/NAME, or #/live?bot=NAME.
import { Signal } from "./signal.js";

function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/").map(decode);
  return { view: view || "live", id: rest.join("/"), query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed a percent sign
  }
}

export const route = new Signal(read());
addEventListener("hashchange", () => route.set(read()));

/** Return the address of a view. */
export function to(view, id = "", query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value);
  const search = new URLSearchParams(kept).toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${search ? `?${search}` : ""}`;
}

/** Change the filters in the address without a step in the browser's history. */
export function refine(query) {
  const { view, id } = route.value;
  history.replaceState(null, "", to(view, id, query));
  route.set(read());
}
