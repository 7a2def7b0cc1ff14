// Where bots stand: pulled together by their conversations while they are few, in circles by dialect when many.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "../vendor/force.js";
import { radius } from "./model.js";

export const MANY = 150; // bots; more names cannot be read
const GOLDEN = Math.PI * (3 - Math.sqrt(5)); // of a sunflower's seeds, which lie as dense as can be
const STIR = 0.25; // how much a change warms the simulation

export class Layout {
  clusters = []; // of the many: { dialect, count, x, y, radius }
  #simulation = forceSimulation().stop().velocityDecay(0.5);
  #shape = "";

  constructor(model) {
    this.model = model;
  }

  get many() {
    return this.model.nodes.size > MANY;
  }

  /** Arrange for bots and lines as they are now; call again when they changed. */
  arrange(width, height) {
    if (this.many) this.#circles(width, height);
    else this.#forces(width, height);
  }

  /** One step towards rest. */
  step() {
    if (!this.many) {
      this.#simulation.tick();
      return;
    }
    for (const node of this.model.nodes.values()) {
      node.x += (node.goal.x - node.x) * 0.15;
      node.y += (node.goal.y - node.y) * 0.15;
    }
  }

  #forces(width, height) {
    const nodes = [...this.model.nodes.values()];
    const edges = [...this.model.edges.values()];
    // As if for a few more, so that a handful does not fly apart.
    const room = Math.sqrt((width * height) / Math.max(nodes.length, 12));
    for (const node of nodes) if (node.x === undefined) Object.assign(node, somewhere(width, height));
    this.#simulation.nodes(nodes)
      .force("apart", forceManyBody().strength(-room * 2.2).distanceMax(room * 4))
      .force("talk", forceLink(edges.map(({ from, to }) => ({ source: from, target: to }))).distance(room * 0.8).strength(0.06))
      .force("collide", forceCollide((node) => radius(node) + 14))
      .force("x", forceX(width / 2).strength(0.05))
      .force("y", forceY(height / 2).strength((0.05 * width) / height))
      .force("frame", () => keepInside(nodes, width, height));
    const shape = `${nodes.length} ${edges.length} ${width} ${height}`;
    if (shape !== this.#shape) this.#simulation.alpha(Math.max(this.#simulation.alpha(), STIR));
    this.#shape = shape;
  }

  #circles(width, height) {
    const groups = Map.groupBy([...this.model.nodes.values()], (node) => node.dialect);
    const sizes = [...groups].sort((a, b) => b[1].length - a[1].length);
    const whole = this.model.nodes.size;
    const reach = Math.min(width, height) / 2;
    const [ring, most] = sizes.length === 1 ? [0, reach * 0.9] : [reach * 0.56, reach * 0.9];
    this.clusters = sizes.map(([dialect, nodes], index) => {
      const angle = (index / sizes.length) * 2 * Math.PI - Math.PI / 2;
      const size = Math.max(most * Math.sqrt(nodes.length / whole) * (ring ? 0.58 : 1), 26);
      const place = { x: width / 2 + (ring * Math.cos(angle) * width) / height, y: height / 2 + ring * Math.sin(angle) };
      seed(nodes, place, size);
      return { dialect, count: nodes.length, radius: size, ...place };
    });
  }
}

function somewhere(width, height) {
  return { x: width * (0.3 + 0.4 * Math.random()), y: height * (0.3 + 0.4 * Math.random()) };
}

function keepInside(nodes, width, height) {
  for (const node of nodes) {
    node.x = Math.min(Math.max(node.x, 46), width - 46);
    node.y = Math.min(Math.max(node.y, 28), height - 40);
  }
}

function seed(nodes, { x, y }, size) {
  nodes.sort((a, b) => (a.name < b.name ? -1 : 1)).forEach((node, index) => {
    const distance = size * Math.sqrt((index + 0.5) / nodes.length);
    node.goal = { x: x + distance * Math.cos(index * GOLDEN), y: y + distance * Math.sin(index * GOLDEN) };
    node.x ??= x;
    node.y ??= y;
  });
}
