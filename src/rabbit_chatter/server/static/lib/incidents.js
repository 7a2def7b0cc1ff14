// What was broken on purpose: for the teacher's eyes. Whoever has not said to be the teacher is not even told
// that something runs, and the server is not asked.
import { get, post } from "./api.js";
import { Signal } from "./signal.js";

const EVERY = 2000; // milliseconds
const KEY = "rabbit-chatter.teacher"; // in this tab only: another window may be the class's

/** Whether this tab shows what a class shall find out. */
export const teaching = new Signal(stored());

/** What the server says, { incidents, running, annotated }; null until it has. */
export const incidents = new Signal(null);

/** Why that could not be had, or null. */
export const absence = new Signal(null);

function stored() {
  try {
    return sessionStorage.getItem(KEY) === "yes";
  } catch {
    return false; // a browser that keeps nothing
  }
}

export function teach(yes) {
  try {
    sessionStorage.setItem(KEY, yes ? "yes" : "no");
  } catch {
    // then it lasts until the page is loaded again
  }
  teaching.set(yes);
  if (yes) ask();
}

async function ask() {
  if (document.hidden || !teaching.value) return;
  try {
    incidents.set(await get("/incidents"));
    absence.set(null);
  } catch (error) {
    absence.set(error.message);
  }
}

export function watch() {
  ask();
  setInterval(ask, EVERY);
}

/** Start an incident: { seconds, intensity }. */
export async function start(name, wanted) {
  await post(`/incidents/${encodeURIComponent(name)}/start`, wanted);
  await ask();
}

/** Stop an incident, or all of them. */
export async function stop(name) {
  await post(name ? `/incidents/${encodeURIComponent(name)}/stop` : "/incidents/stop");
  await ask();
}

/** Seconds until one that runs ends by itself. */
export function left({ ends }) {
  return Math.max((Date.parse(ends) - Date.now()) / 1000, 0);
}
