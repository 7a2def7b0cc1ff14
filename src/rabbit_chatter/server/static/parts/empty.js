// What stands where nothing is: what that means, and what to do.
import { html } from "../vendor/ui.js";

export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2><p>${children}</p></div>`;
}

export function Waiting() {
  return html`<p class="empty" role="status">asking …</p>`;
}

/** An error of the server's, which is a sentence already. */
export function Trouble({ error }) {
  return error && html`<p class="trouble" role="status">${error.message ?? error}</p>`;
}
