"""Annotations, told to a local HTTP server that answers as Grafana's API does."""

import base64
import json
from datetime import UTC, datetime

from pydantic import SecretStr

from grafana_server import Heard, grafana
from rabbit_chatter.incidents.agent import Active
from rabbit_chatter.incidents.annotations import Annotator
from rabbit_chatter.incidents.catalogue import load
from rabbit_chatter.incidents.orders import Start
from rabbit_chatter.settings import GrafanaSettings
from rabbit_chatter.telemetry.annotations import Annotations

INCIDENT = load()["slow-dialect"]


def active(*, secret: bool = False) -> Active:
    """Return a running incident."""
    return Active(INCIDENT, Start(INCIDENT.name, 60, 1.0, "seed", secret), datetime.now(UTC), 60)


def told(url: str, token: str = "") -> Annotator:
    """Return what writes to the Grafana at ``url``."""
    return Annotator(Annotations(GrafanaSettings(grafana_url=url, grafana_token=SecretStr(token))))


async def test_beginning_and_end_are_written() -> None:
    """An annotation with the tag that dashboards ask for begins with the incident, and gets its end."""
    heard: Heard = []
    with grafana(heard) as url:
        annotator = told(url, "a-token")
        running = active()
        annotator.expect(running.order)
        await annotator.note(running, True)  # noqa: FBT003 - as the agent tells it
        await annotator.note(running, False)  # noqa: FBT003 - as the agent tells it
    (method, path, authorization, body), (second, place, _, end) = heard
    assert (method, path, authorization) == ("POST", "/api/annotations", "Bearer a-token")
    assert body["tags"] == ["incident", "slow-dialect"]
    assert INCIDENT.title in body["text"]
    assert (second, place) == ("PATCH", "/api/annotations/7")
    assert end["timeEnd"] >= body["time"]


async def test_a_secret_is_not_told() -> None:
    """Of a secret incident Grafana learns that there is one."""
    heard: Heard = []
    with grafana(heard) as url:
        annotator = told(url, "admin:pass")
        annotator.expect(active(secret=True).order)
        await annotator.note(active(secret=True), True)  # noqa: FBT003 - as the agent tells it
    assert "slow" not in json.dumps(heard)
    assert heard[0][2] == "Basic " + base64.b64encode(b"admin:pass").decode()


async def test_grafana_may_be_away_or_not_there() -> None:
    """Without Grafana incidents run all the same."""
    assert not told("").writes
    away = told("http://127.0.0.1:9")
    away.expect(active().order)
    await away.note(active(), True)  # noqa: FBT003 - as the agent tells it
    await away.note(active(), False)  # noqa: FBT003 - as the agent tells it
