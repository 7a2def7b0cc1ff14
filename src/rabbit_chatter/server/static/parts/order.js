// An order to the server: what it answered, and the token that it asks for where other machines can reach it.
import { hasToken, keepToken } from "../lib/api.js";
import { html, useState } from "../vendor/ui.js";
import { Trouble } from "./empty.js";

const UNAUTHORISED = 401;

/** Returns { order, busy, said }: call `order` with what is to be done, and draw `said` beside its button. */
export function useOrder() {
  const [state, setState] = useState({});
  async function order(act) {
    setState({ busy: true });
    try {
      await act();
      setState({});
    } catch (error) {
      setState({ error, act: error.status === UNAUTHORISED ? act : null });
    }
  }
  const said = state.act ? html`<${Token} again=${() => order(state.act)} />` : html`<${Trouble} error=${state.error} />`;
  return { order, busy: Boolean(state.busy), said };
}

/** Asks once; this tab keeps it until it is closed. */
function Token({ again }) {
  const [token, setToken] = useState("");
  const send = (event) => {
    event.preventDefault();
    keepToken(token.trim());
    again();
  };
  return html`
    <form class="token trouble" onSubmit=${send}>
      <p>${hasToken() && html`<b>That was not its token.</b> `}This server can be reached by other machines, and wants a token before it changes something. It is in
        <code>CHATTER_TOKEN</code>, or in the server's log: <code>rabbit-chatter logs server -n 100000 | grep http.token</code></p>
      <label>Token <input type="password" autocomplete="off" required value=${token} onInput=${(event) => setToken(event.target.value)} /></label>
      <button>Send</button>
    </form>`;
}
