"""Which alerts fire now: as Alertmanager told us, and for what it told others or before, as it answers."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog
from fastapi import FastAPI
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from pydantic import TypeAdapter, ValidationError

from rabbit_chatter.clock import monotonic
from rabbit_chatter.server.alerts import Alert, Notification
from rabbit_chatter.server.models import ActiveAlert, ActiveAlerts

_MOST = 500
_TIMEOUT = 5.0  # seconds
_LET_GO = 2 * 3600.0  # seconds; Alertmanager's `repeat_interval` is one hour
_PAUSES = (1.0, 2.0, 5.0, 10.0)  # seconds between attempts at the start: Alertmanager may start with us
_EVERY = 15.0  # seconds

log = structlog.get_logger()

_listed = TypeAdapter(list[dict[str, Any]])


class Firing:
    """The alerts that fire, by fingerprint; bounded.

    Alertmanager repeats an alert that still fires; one of which nothing was heard for long is let go, as the
    end of it may have been lost with Alertmanager.
    """

    def __init__(self) -> None:
        self._alerts: dict[str, tuple[float, Alert]] = {}

    def learn(self, told: Notification) -> None:
        """Take over what a notification says."""
        for alert in told.alerts:
            self._alerts.pop(alert.fingerprint, None)
            if alert.status == "firing":
                self._alerts[alert.fingerprint] = monotonic(), alert
        while len(self._alerts) > _MOST:
            del self._alerts[next(iter(self._alerts))]

    def now(self) -> list[Alert]:
        """Return what fires, the latest first."""
        heard = monotonic() - _LET_GO
        alive = [alert for when, alert in self._alerts.values() if when > heard]
        return sorted(alive, key=lambda alert: alert.starts, reverse=True)

    async def follow(self, alertmanager: str) -> None:
        """Learn what fires from Alertmanager, again and again.

        Where there are several chat servers, it tells only one of them that an alert begins or ends.
        """
        pauses, missed = list(_PAUSES), False
        while True:
            begun = monotonic()
            try:
                self._adopt(await _ask(alertmanager), begun)
                pauses, missed = [], False
            except (httpx.HTTPError, httpx.InvalidURL, ValidationError) as error:
                if not (pauses or missed):
                    log.warning("alertmanager.unavailable", error=str(error)[:200] or type(error).__name__)
                    missed = True
            await asyncio.sleep(pauses.pop(0) if pauses else _EVERY)

    def _adopt(self, listed: list[dict[str, Any]], begun: float) -> None:
        """Keep what is listed, and what we were told since ``begun``."""
        found: dict[str, tuple[float, Alert]] = {}
        for one in listed[:_MOST]:
            try:
                alert = Alert.model_validate({**one, "status": "firing"})
            except ValidationError as error:
                log.warning("alert.unreadable", error=str(error)[:200])
                continue
            if alert.labels.get("severity") != "none":  # the watchdog is there to be missed
                found[alert.fingerprint] = begun, alert
        self._alerts = found | {name: told for name, told in self._alerts.items() if told[0] > begun}


async def _ask(alertmanager: str) -> list[dict[str, Any]]:
    url = f"{alertmanager.rstrip('/')}/api/v2/alerts"
    with suppress_http_instrumentation():
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            answer = await client.get(url, params={"silenced": "false", "inhibited": "false"})
    return _listed.validate_json(answer.raise_for_status().content)


def add_firing(app: FastAPI, firing: Firing) -> None:
    """Answer what fires."""

    @app.get("/alerts/active", tags=["alerts"])
    async def active() -> ActiveAlerts:
        """List the alerts that fire now, the latest first."""
        now = datetime.now(UTC)
        return ActiveAlerts(alerts=[_shown(alert, now) for alert in firing.now()])


def _shown(alert: Alert, now: datetime) -> ActiveAlert:
    return ActiveAlert(
        fingerprint=alert.fingerprint,
        name=alert.labels.get("alertname", "an alert without a name"),
        severity=alert.labels.get("severity", ""),
        summary=alert.note("summary"),
        description=alert.note("description"),
        labels=alert.labels,
        since=alert.starts,
        seconds=max((now - alert.starts).total_seconds(), 0),
        runbook=alert.annotations.get("runbook_url", "").rpartition("/")[2],
        graph=alert.annotations.get("dashboard_url", "") or alert.graph,
    )
