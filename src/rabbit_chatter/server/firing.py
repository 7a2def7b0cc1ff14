"""Which alerts fire now: as Alertmanager told us, and for what it told before we began, as it answers."""

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
_PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0)  # seconds between attempts at the start: Alertmanager may start with us

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

    async def ask(self, alertmanager: str) -> None:
        """Learn what fires from Alertmanager; tries for a while, as it may be starting."""
        for pause in (*_PAUSES, None):
            try:
                with suppress_http_instrumentation():
                    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                        url = f"{alertmanager.rstrip('/')}/api/v2/alerts"
                        answer = await client.get(url, params={"silenced": "false", "inhibited": "false"})
                told = _listed.validate_json(answer.raise_for_status().content)
            except (httpx.HTTPError, ValidationError) as error:
                if pause is None:
                    log.warning("alertmanager.unavailable", error=str(error)[:200] or type(error).__name__)
                    return
                await asyncio.sleep(pause)
            else:
                self._adopt(told)
                return

    def _adopt(self, listed: list[dict[str, Any]]) -> None:
        for one in listed[:_MOST]:
            if one.get("labels", {}).get("severity") == "none":  # the watchdog is there to be missed
                continue
            try:
                alert = Alert.model_validate({**one, "status": "firing"})
            except ValidationError as error:
                log.warning("alert.unreadable", error=str(error)[:200])
                continue
            self._alerts.setdefault(alert.fingerprint, (monotonic(), alert))


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
