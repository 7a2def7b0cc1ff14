"""Incidents as annotations in Grafana, which every dashboard shows."""

import structlog

from rabbit_chatter.incidents.agent import Active
from rabbit_chatter.incidents.orders import Start
from rabbit_chatter.telemetry.annotations import Annotations

TAG = "incident"

log = structlog.get_logger()


class Annotator:
    """Writes an annotation when an incident begins, and its end when it ends.

    All chat servers hear all orders; who gave one writes of it, so that it is written once.

    Args:
        grafana: where they are written.
    """

    def __init__(self, grafana: Annotations) -> None:
        self._grafana = grafana
        self._expected: dict[str, Start] = {}
        self._known: dict[str, int] = {}
        if not self.writes:
            log.info("incidents.not_annotated", why="CHATTER_GRAFANA_URL is not set")

    @property
    def writes(self) -> bool:
        """Whether there is a Grafana to write to."""
        return self._grafana.writes

    def expect(self, order: Start) -> None:
        """Learn that this order was given here."""
        self._expected[order.name] = order

    async def note(self, active: Active, begins: bool) -> None:  # noqa: FBT001 - as the agent tells it
        """Write that an incident ordered here begins or ends."""
        key = active.order.name
        if begins:
            if self._expected.pop(key, None) != active.order:
                return
            number = await self._grafana.begin(*_annotation(active))
            if number is not None:
                self._known[key] = number
        elif (number := self._known.pop(key, None)) is not None:
            await self._grafana.end(number)


def _annotation(active: Active) -> tuple[str, list[str]]:
    """Return text and tags."""
    if active.order.secret:
        return "an incident whose name is a secret", [TAG]
    incident = active.incident
    return f"{incident.title}: {incident.symptom}", [TAG, incident.name]
