"""Incidents as annotations in Grafana, which every dashboard shows.

Grafana's HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.
"""

from datetime import UTC, datetime

import httpx
import structlog

from rabbit_chatter.incidents.agent import Active
from rabbit_chatter.incidents.orders import Start
from rabbit_chatter.settings import IncidentSettings

TAG = "incident"
_SECONDS = 5.0

log = structlog.get_logger()


class Annotator:
    """Writes an annotation when an incident begins, and its end when it ends.

    All chat servers hear all orders; who gave one writes of it, so that it is written once.

    Args:
        settings: where Grafana is; without an address nothing is written.
    """

    def __init__(self, settings: IncidentSettings) -> None:
        secret = settings.grafana_token.get_secret_value()
        user, colon, password = secret.partition(":")
        self._auth = httpx.BasicAuth(user, password) if colon else None
        self._headers = {"authorization": f"Bearer {secret}"} if secret and not colon else {}
        self._url = settings.grafana_url.rstrip("/")
        self._expected: dict[str, Start] = {}
        self._known: dict[str, int] = {}
        if not self.writes:
            log.info("incidents.not_annotated", why="CHATTER_GRAFANA_URL is not set")

    @property
    def writes(self) -> bool:
        """Whether there is a Grafana to write to."""
        return bool(self._url)

    def expect(self, order: Start) -> None:
        """Learn that this order was given here."""
        self._expected[order.name] = order

    async def note(self, active: Active, begins: bool) -> None:  # noqa: FBT001 - as the agent tells it
        """Write that an incident ordered here begins or ends; that Grafana is away is only logged."""
        key = active.order.name
        if not self.writes or (begins and self._expected.pop(key, None) != active.order):
            return
        now = int(datetime.now(UTC).timestamp() * 1000)
        try:
            async with httpx.AsyncClient(
                base_url=self._url, timeout=_SECONDS, auth=self._auth, headers=self._headers
            ) as client:
                if begins:
                    answer = await client.post("/api/annotations", json=_annotation(active, now))
                    self._known[key] = answer.raise_for_status().json()["id"]
                elif (number := self._known.pop(key, None)) is not None:
                    answer = await client.patch(f"/api/annotations/{number}", json={"timeEnd": now})
                    answer.raise_for_status()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("incident.not_annotated", error=str(error) or type(error).__name__)


def _annotation(active: Active, now: int) -> dict[str, object]:
    if active.order.secret:
        return {"time": now, "tags": [TAG], "text": "an incident whose name is a secret"}
    incident = active.incident
    text = f"{incident.title}: {incident.symptom}"
    return {"time": now, "tags": [TAG, incident.name], "text": text}
