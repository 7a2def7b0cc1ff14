// A runbook, which the server has taken apart: elements of few kinds, made here one by one.
import { get, usePoll } from "../lib/api.js";
import { html } from "../vendor/ui.js";
import { Trouble } from "./empty.js";

// Below the alert's own heading.
const TAGS = {
  h1: "h3", h2: "h3", h3: "h4", h4: "h4", p: "p", ul: "ul", ol: "ol", li: "li", strong: "strong", em: "em", code: "code",
  blockquote: "blockquote", table: "table", thead: "thead", tbody: "tbody", tr: "tr", th: "th", td: "td",
};

export function Runbook({ name }) {
  const { value, error } = usePoll(() => get(`/runbooks/${encodeURIComponent(name)}/parts`), 3600, name);
  return html`<div class="runbook"><${Trouble} error=${error} />${value?.parts.slice(1).map(node)}</div>`;
}

function node(part) {
  const inside = part.text || part.children.map(node);
  if (part.tag === "a" && part.href) return html`<a href=${part.href} target="_blank" rel="noreferrer">${inside}</a>`;
  if (part.tag === "pre") return html`<pre tabindex="0">${part.text}</pre>`;
  if (part.tag === "hr" || part.tag === "br") return html`<${part.tag} />`;
  const tag = TAGS[part.tag];
  return tag ? html`<${tag}>${inside}</${tag}>` : inside;
}
