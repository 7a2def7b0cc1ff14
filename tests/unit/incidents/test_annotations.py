"""Annotations, told to a local HTTP server that answers as Grafana's API does."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from pydantic import SecretStr

from rabbit_chatter.incidents.agent import Active
from rabbit_chatter.incidents.annotations import Annotator
from rabbit_chatter.incidents.catalogue import load
from rabbit_chatter.incidents.orders import Start
from rabbit_chatter.settings import GrafanaSettings
from rabbit_chatter.telemetry.annotations import Annotations
from support import served

INCIDENT = load()["slow-dialect"]


@contextmanager
def grafana(heard: list[tuple[str, str, str, Any]]) -> Iterator[str]:
    """Run something that takes annotations; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((self.command, self.path, self.headers.get("Authorization", ""), body))
            answer = b'{"id": 7, "message": "Annotation added"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_PATCH(self) -> None:
            self.do_POST()

    with served(Handler) as url:
        yield url


def active(*, secret: bool = False) -> Active:
    """Return a running incident."""
    return Active(INCIDENT, Start(INCIDENT.name, 60, 1.0, "seed", secret), datetime.now(UTC))


async def test_beginning_and_end_are_written() -> None:
    """An annotation with the tag that dashboards ask for begins with the incident, and gets its end."""
    heard: list[tuple[str, str, str, Any]] = []
    with grafana(heard) as url:
        annotator = Annotator(
            Annotations(GrafanaSettings(grafana_url=url, grafana_token=SecretStr("a-token")))
        )
        running = active()
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
    heard: list[tuple[str, str, str, Any]] = []
    with grafana(heard) as url:
        annotator = Annotator(
            Annotations(GrafanaSettings(grafana_url=url, grafana_token=SecretStr("admin:pass")))
        )
        await annotator.note(active(secret=True), True)  # noqa: FBT003 - as the agent tells it
    assert "slow" not in json.dumps(heard)
    assert heard[0][2] == "Basic " + base64.b64encode(b"admin:pass").decode()


async def test_grafana_may_be_away_or_not_there() -> None:
    """Without Grafana incidents run all the same."""
    assert not Annotator(Annotations(GrafanaSettings(grafana_url=""))).writes
    away = Annotator(Annotations(GrafanaSettings(grafana_url="http://127.0.0.1:9")))
    await away.note(active(), True)  # noqa: FBT003 - as the agent tells it
    await away.note(active(), False)  # noqa: FBT003 - as the agent tells it
