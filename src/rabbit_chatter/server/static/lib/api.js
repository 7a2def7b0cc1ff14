// Ask our own server; the policy of this page lets it ask nobody else.
import { useEffect, useState } from "../vendor/ui.js";

/** An answer that is no success; `message` is the sentence that the server sent. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Return the JSON that `path` answers, or throw. */
export async function get(path) {
  return read(await fetch(path));
}

const TOKEN = "rabbit-chatter.token"; // in this tab only, and until it is closed

/** Keep what the server wants to be shown before it changes something; only off loopback it wants anything. */
export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** Ask for a change; returns the JSON that `path` answers, or throws. */
export async function post(path, body = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  return read(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function read(answer) {
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => ({}));
  const detail = typeof said.detail === "string" ? said.detail : `the server answered ${answer.status}`;
  throw new Refused(answer.status, detail);
}

/** Every page of a list that is served in pages, such as "/bots" with its "bots". */
export async function getAll(path, key, most = 10_000) {
  const found = [];
  for (;;) {
    const page = await get(`${path}?limit=1000&offset=${found.length}`);
    found.push(...page[key]);
    if (!page[key].length || found.length >= Math.min(page.total, most)) return found;
  }
}

const SOON = 5; // seconds until the next try where there was no answer, or nobody looked

/**
 * Ask again and again while a view is shown: returns { value, error }, of which `value` is the last known one.
 * A hidden tab asks nothing.
 */
export function usePoll(ask, seconds, ...inputs) {
  const [state, setState] = useState({});
  useEffect(() => {
    let timer;
    let over = false;
    async function round() {
      let pause = Math.min(seconds, SOON);
      if (!document.hidden) {
        try {
          const value = await ask();
          pause = seconds;
          if (!over) setState({ value });
        } catch (error) {
          if (!over) setState((before) => ({ value: before.value, error }));
        }
      }
      if (!over) timer = setTimeout(round, pause * 1000);
    }
    setState({});
    round();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [seconds, ...inputs]);
  return state;
}
