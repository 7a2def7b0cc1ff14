// Who talks to whom, and how much lately: what the network view draws.

const HALF_LIFE = 15; // seconds in which activity fades to a half
const FORGOTTEN = 60; // seconds without a message after which a line between two bots goes
const MOST_PULSES = 300; // messages on their way that are drawn at a time
export const FLIGHT = 0.8; // seconds that one takes

export class Model {
  nodes = new Map(); // name → { name, dialect, activity, x, y }
  edges = new Map(); // "a b" → { from, to, weight, at }
  pulses = []; // { from, to, at }: messages on their way; `to` is null for a tweet
  #faded = 0;

  /** Let bots come and go. */
  settle(people, now) {
    const here = new Set();
    for (const { name, dialect, here: listed } of people.values()) {
      if (!listed) continue;
      here.add(name);
      const known = this.nodes.get(name);
      if (known) known.dialect = dialect;
      else this.nodes.set(name, { name, dialect, activity: 0 });
    }
    for (const name of this.nodes.keys()) if (!here.has(name)) this.nodes.delete(name);
    for (const [key, edge] of this.edges) {
      if (now - edge.at > FORGOTTEN || !here.has(edge.from.name) || !here.has(edge.to.name)) this.edges.delete(key);
    }
  }

  hear(batch, now) {
    for (const said of batch) {
      const from = this.nodes.get(said.from);
      if (!from) continue;
      from.activity += 1;
      const to = said.to ? this.nodes.get(said.to) : null;
      if (to) this.#join(from, to, now);
      if (to !== undefined && this.pulses.length < MOST_PULSES) this.pulses.push({ from, to, at: now });
    }
  }

  #join(from, to, now) {
    const key = [from.name, to.name].sort().join(" ");
    const edge = this.edges.get(key) ?? { from, to, weight: 0 };
    edge.weight += 1;
    edge.at = now;
    this.edges.set(key, edge);
  }

  /** Let activity fade, and messages arrive. */
  fade(now) {
    const factor = 0.5 ** ((now - (this.#faded || now)) / HALF_LIFE);
    this.#faded = now;
    for (const node of this.nodes.values()) node.activity *= factor;
    for (const edge of this.edges.values()) edge.weight *= factor;
    this.pulses = this.pulses.filter((pulse) => now - pulse.at < FLIGHT);
  }

  /** How fresh a line is, from 1 to 0. */
  static freshness(edge, now) {
    return Math.max(1 - (now - edge.at) / FORGOTTEN, 0);
  }

  /** The pairs that talk most, most first. */
  busiest(count) {
    return [...this.edges.values()].sort((a, b) => b.weight - a.weight).slice(0, count);
  }
}

export function radius(node) {
  return 9 + Math.min(5 * Math.sqrt(node.activity), 15);
}
