"""Alerts in the chat: what Alertmanager tells us is said in the timeline by the bot ``alertmanager``.

The format is that of Alertmanager's webhook
(https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). What comes in is published as a
tweet, so that it is archived, replayed and traced like everything else that is said.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import FastAPI, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from rabbit_chatter.errors import PublishError
from rabbit_chatter.messages import Kind, Message
from rabbit_chatter.server.guard import check_is_own, read_json
from rabbit_chatter.server.line import Line
from rabbit_chatter.server.models import Posted, Problem

SENDER = "alertmanager"
MAX_BODY_BYTES = 256 * 1024
MAX_ALERTS = 100

_PATIENCE = 5.0  # seconds; Alertmanager tries again, so that nothing need wait here
_SINGLY = 3  # a dead process leaves dozens of queues behind, and nobody reads dozens of alerts
_REMEMBERED = 1000
_LONGEST = {"summary": 300, "description": 700}  # characters
_LONGEST_LINK = 1000

_ANSWERS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem} for code in (401, 403, 413, 415, 422, 503)
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}

log = structlog.get_logger()

Text = dict[Annotated[str, Field(max_length=200)], str]


class Alert(BaseModel):
    """One alert, as it is now."""

    model_config = ConfigDict(populate_by_name=True)

    status: Literal["firing", "resolved"]
    labels: Text
    annotations: Text = {}
    starts: AwareDatetime = Field(alias="startsAt")
    ends: AwareDatetime = Field(alias="endsAt")
    graph: str = Field("", alias="generatorURL")
    fingerprint: str = Field(max_length=64)

    @property
    def message_id(self) -> str:
        """The same for the same news, as Alertmanager tells a whole group again when one alert changes."""
        return _id_of(self.when, f"{self.fingerprint} {self.status} {self.starts.isoformat()}")

    @property
    def when(self) -> datetime:
        """When it began to be so."""
        return self.starts if self.status == "firing" else self.ends

    @property
    def text(self) -> str:
        """What is said: what is wrong, where to read on, where to look."""
        summary = self.note("summary") or self.labels.get("alertname", "an alert without a name")[:200]
        if self.status == "resolved":
            return f"RESOLVED after {_duration(self.starts, self.ends)}: {summary}"
        severity = self.labels.get("severity", "no severity")[:20]
        lines = [f"FIRING ({severity}): {summary}", self.note("description")]
        lines.append(_link("runbook", self.annotations.get("runbook_url", "")))
        lines.append(_link("graph", self.annotations.get("dashboard_url", "") or self.graph))
        return "\n".join(filter(None, lines))

    def note(self, name: str) -> str:
        """Return the annotation ``name``, ``summary`` or ``description``, no longer than one reads."""
        return self.annotations.get(name, "").strip()[: _LONGEST[name]]


class Notification(BaseModel):
    """What Alertmanager posts: a group of alerts, of which at least one has changed."""

    version: Literal["4"]
    alertmanager: str = Field("", alias="externalURL")
    alerts: Annotated[list[Alert], Field(max_length=MAX_ALERTS)]


class Crier:
    """Says each piece of news once, and no more than a few of the same kind at a time.

    There may be several chat servers, any of which Alertmanager may tell, and tell again. The same news has
    the same id from all of them, so that it is shown once; and none says what it has heard from another.

    Attributes:
        publish: how something is said; ``None`` until the broker is there.
    """

    def __init__(self) -> None:
        self.publish: Callable[[Message], Awaitable[None]] | None = None
        self._told: dict[str, None] = {}
        self._heard: dict[str, None] = {}

    def hear(self, line: Line) -> None:
        """Learn what was said, by us or by another chat server."""
        if line.sender == SENDER:
            _remember(self._heard, line.id)

    async def cry(self, told: Notification) -> int:
        """Say what is new in ``told``; return how many alerts that was.

        Raises:
            PublishError: the broker did not take it.
            TimeoutError: it did not do so in time.
        """
        said = 0
        async with asyncio.timeout(_PATIENCE):
            for status in ("firing", "resolved"):
                news = [a for a in told.alerts if a.status == status and a.message_id not in self._told]
                for alert in news[:_SINGLY]:
                    await self._say(alert.message_id, alert.text)
                if rest := news[_SINGLY:]:
                    where = _link("all of them", told.alertmanager)
                    text = f"{status.upper()}: {len(rest)} more alerts like this\n{where}".strip()
                    await self._say(_id_of(rest[0].when, " ".join(a.message_id for a in rest)), text)
                said += len(news)
                for alert in news:
                    _remember(self._told, alert.message_id)
                    log.info("alert.said", alert=alert.labels.get("alertname", "")[:200], status=status)
        return said

    async def _say(self, message_id: str, text: str) -> None:
        if self.publish is None:
            raise PublishError("the chat server is still starting")
        if message_id not in self._heard:
            await self.publish(Message(message_id, Kind.TWEET, SENDER, text))


def add_alerts(app: FastAPI, crier: Crier, learn: Callable[[Notification], None]) -> None:
    """Receive Alertmanager's webhook.

    Args:
        app: where to.
        crier: says it in the timeline.
        learn: is told of each notification, also where the broker does not take it.
    """

    @app.post("/alerts", tags=["alerts"], responses=_ANSWERS, openapi_extra=_BODY)
    async def alerts(request: Request) -> Posted:
        """Say in the timeline what Alertmanager tells; where the broker is away, it shall try again."""
        check_is_own(request)
        body = await read_json(request, MAX_BODY_BYTES)
        try:
            told = Notification.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise HTTPException(422, f"this is no notification of Alertmanager's: {first['msg']}") from error
        learn(told)
        try:
            return Posted(posted=await crier.cry(told))
        except (PublishError, TimeoutError) as error:
            log.warning("alert.not_said", error=str(error) or type(error).__name__)
            raise HTTPException(
                503, "the broker does not take it; try again", {"retry-after": "5"}
            ) from error


def _id_of(when: datetime, key: str) -> str:
    """Return a UUIDv7 (RFC 9562) whose random bits are a hash of ``key``, so that it still sorts by time."""
    noise = int.from_bytes(hashlib.sha256(key.encode()).digest()[:10])
    milliseconds = max(int(when.timestamp() * 1000), 0)
    bits = (milliseconds & (1 << 48) - 1) << 80 | noise
    bits = bits & ~(0xF << 76) | 7 << 76
    return str(UUID(int=bits & ~(0x3 << 62) | 0x2 << 62))


def _remember(ids: dict[str, None], new: str) -> None:
    ids[new] = None
    if len(ids) > _REMEMBERED:
        del ids[next(iter(ids))]


def _link(name: str, address: str) -> str:
    """Return a line with a link; half a link, or one that runs a script, would be worse than none."""
    if len(address) > _LONGEST_LINK or not address.startswith(("http://", "https://")):
        return ""
    return f"{name}: {address}"


def _duration(start: datetime, end: datetime) -> str:
    seconds = max(round((end - start).total_seconds()), 0)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min")) if count]
    return " ".join([*parts, f"{seconds} s"])
