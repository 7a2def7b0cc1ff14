"""The command line's way to the chat server, which passes orders about incidents on to all components."""

from typing import Any

import httpx

from rabbit_chatter.errors import IncidentError

_SECONDS = 15.0


class Remote:
    """A chat server.

    Args:
        url: its address.
        token: what it asks for off loopback; empty for none.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def running(self) -> dict[str, Any]:
        """Return what runs, and whether Grafana is told.

        Raises:
            IncidentError: the chat server does not answer.
        """
        answer = self._ask("GET", "/incidents")
        return {"running": answer["running"], "annotated": answer["annotated"]}

    def start(self, name: str, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Start an incident; return how it was ordered.

        Args:
            name: of the incident.
            wanted: ``seconds``, ``intensity``, ``seed``, ``secret``, ``announced``.

        Raises:
            IncidentError: the chat server does not answer, or refuses.
        """
        return self._ask("POST", f"/incidents/{name}/start", wanted)

    def stop(self, name: str | None) -> dict[str, Any]:
        """Stop an incident, or all.

        Raises:
            IncidentError: the chat server does not answer, or refuses.
        """
        return self._ask("POST", f"/incidents/{name}/stop" if name else "/incidents/stop", {})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = httpx.request(
                method, self.url + path, json=body, headers=self._headers, timeout=_SECONDS, trust_env=False
            )
            said = answer.json()
            if answer.is_success:
                found: dict[str, Any] = said
                return found
            raise IncidentError(str(said["detail"]))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise IncidentError(
                f"the chat server at {self.url} does not answer ({error or type(error).__name__}); is it "
                "running? See `rabbit-chatter status`, or name it with --server"
            ) from error
