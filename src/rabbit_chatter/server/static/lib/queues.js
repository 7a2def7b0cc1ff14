// All queues, every two seconds, with what they were in the minutes before: for sparklines and for words.
import { getAll } from "./api.js";
import { Signal } from "./signal.js";

export const POINTS = 60;
const EVERY = 2000; // milliseconds
const SLOWER = 4000; // where there are many
const MANY = 500;
const RECENT = 5; // points: RabbitMQ's own rates are those of a single second, and jump
const SOON = 8; // points, a quarter of a minute: long enough to call something stuck

/** Arrays of queues; each has a `past`. */
export const queues = new Signal(null);

/** Why they could not be had, or null. */
export const absence = new Signal(null);

/** The last points of a queue, oldest first. */
class Past {
  constructor() {
    this.depth = [];
    this.in = [];
    this.out = [];
    this.at = [];
  }

  add(queue, now) {
    for (const [points, value] of [
      [this.depth, queue.messages], [this.in, queue.publish_rate], [this.out, queue.deliver_rate], [this.at, now],
    ]) {
      points.push(value);
      if (points.length > POINTS) points.shift();
    }
  }
}

let pasts = new Map();

async function ask() {
  let pause = EVERY;
  if (!document.hidden) {
    try {
      learn(await getAll("/queues", "queues"));
      absence.set(null);
      pause = queues.value.length > MANY ? SLOWER : EVERY;
    } catch (error) {
      absence.set(error.message);
    }
  }
  setTimeout(ask, pause);
}

function learn(found) {
  const now = Date.now() / 1000;
  const next = new Map(); // those that are gone are forgotten
  for (const queue of found) {
    queue.past = pasts.get(queue.name) ?? new Past();
    queue.past.add(queue, now);
    queue.age = queue.head_message_timestamp ? Math.max(now - queue.head_message_timestamp, 0) : null;
    queue.in = mean(queue.past.in.slice(-RECENT));
    queue.out = mean(queue.past.out.slice(-RECENT));
    queue.state = stateOf(queue);
    next.set(queue.name, queue.past);
  }
  pasts = next;
  queues.set(found);
}

/** The words for what a queue does; the order is that of urgency. */
export const STATES = {
  "no consumer": "messages wait, and nobody reads this queue",
  stuck: "messages wait, and none has left for a quarter of a minute",
  growing: "more comes in than goes out",
  "dead letters": "what no bot could handle; nobody reads them but people",
  flowing: "messages come and go",
  archive: "a stream keeps what was read",
  idle: "nothing waits and nothing moves",
};
const URGENCY = Object.keys(STATES);

export function urgency(state) {
  return URGENCY.indexOf(state);
}

/** Return the word for what a queue does, from what it is and what it was. */
export function stateOf(queue) {
  if (queue.type === "stream") return "archive";
  if (queue.name.endsWith("dead-letters")) return queue.messages ? "dead letters" : "idle";
  if (queue.messages && !queue.consumers) return "no consumer";
  if (isGrowing(queue.past.depth)) return "growing";
  if (isStuck(queue)) return "stuck";
  return queue.in || queue.out || queue.messages ? "flowing" : "idle";
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1);
}

function isStuck({ past }) {
  const depth = past.depth.slice(-SOON);
  if (depth.length < SOON || !depth[0] || past.out.slice(-SOON).some((rate) => rate > 0)) return false;
  return depth.every((value, index) => !index || value >= depth[index - 1]);
}

function isGrowing(past) {
  const depth = past.slice(-SOON);
  if (depth.length < SOON || depth.at(-1) < depth[0] + 5) return false;
  return depth.filter((value, index) => index && value < depth[index - 1]).length <= 1;
}

export function watch() {
  ask();
}
