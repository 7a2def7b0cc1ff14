// The programs beside this page, and what each would add where it is not installed.
import { get } from "./api.js";
import { Signal } from "./signal.js";

export const tools = new Signal({});

export const ADDS = {
  jaeger: "Jaeger would search all traces, compare two of them, and draw who calls whom.",
  grafana: "Grafana would show dashboards of queues, bots and objectives over hours.",
  prometheus: "Prometheus would remember all metrics, answer questions about them, and let alerts fire.",
  alertmanager: "Alertmanager would group alerts and send them here.",
};

export async function find() {
  try {
    tools.set(await get("/tools"));
  } catch {
    setTimeout(find, 5000);
  }
}

/** Return the address of a question to Prometheus, as a graph of the last minutes. */
export function graph(expression) {
  const query = new URLSearchParams({ "g0.expr": expression, "g0.tab": "0", "g0.range_input": "15m" });
  return tools.value.prometheus && `${tools.value.prometheus}/graph?${query}`;
}

/** Return a text as a value within PromQL's quotes. */
export function quoted(text) {
  return JSON.stringify(text);
}
