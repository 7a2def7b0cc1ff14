"""Alertmanager's webhook at a real chat server: what is said in the chat, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from rabbit_chatter.server.alerts import MAX_BODY_BYTES
from rabbit_chatter.up.private import PrivateBroker
from support import Component, component, eventually

NEVER = "0001-01-01T00:00:00Z"


# One chat server for all tests here, and so one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(broker: PrivateBroker) -> AsyncIterator[Component]:
    """Run a chat server."""
    async with component("server", CHATTER_AMQP_URL=broker.amqp_url("chatter-server")) as running:
        await running.ready()
        yield running


def alert(name: str, *, ends: str = NEVER, **annotations: str) -> dict[str, Any]:
    """Return an alert as Alertmanager 0.25 tells it, with nanoseconds."""
    return {
        "status": "firing" if ends == NEVER else "resolved",
        "labels": {"alertname": name, "severity": "page"},
        "annotations": annotations,
        "startsAt": "2026-05-04T08:15:30.123456789Z",
        "endsAt": ends,
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up",
        "fingerprint": name.lower(),
    }


def notification(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Return what Alertmanager posts."""
    return {
        "version": "4",
        "groupKey": "{}",
        "status": "firing",
        "receiver": "chat",
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts),
        "truncatedAlerts": 0,
    }


async def post(server: Component, body: object, **headers: str) -> httpx.Response:
    """Post a notification."""
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=10) as client:
        return await client.post("/alerts", json=body, headers=headers)


async def said(server: Component, *parts: str) -> list[str]:
    """Return what `alertmanager` has said that contains all of ``parts``, newest first."""
    timeline = await server.get("/timeline", bot="alertmanager", limit=1000)
    return [m["text"] for m in timeline["messages"] if all(part in m["text"] for part in parts)]


async def test_firing_and_resolved_are_said_once(server: Component) -> None:
    """An alert is said with its runbook and graph; told again it is not said again; its end is."""
    firing = alert("Silence", summary="Nobody says anything.", runbook_url="http://127.0.0.1:8080/runbooks/x")
    assert (await post(server, notification(firing))).json() == {"posted": 1}
    [text] = await eventually(lambda: said(server, "FIRING", "Nobody says anything."))
    assert "(page)" in text
    assert "runbook: http://127.0.0.1:8080/runbooks/x" in text
    assert "graph: http://127.0.0.1:9090/graph" in text

    resolved = alert("Silence", ends="2026-05-04T08:17:00Z", summary="Nobody says anything.")
    assert (await post(server, notification(firing))).json() == {"posted": 0}
    assert (await post(server, notification(firing, resolved))).json() == {"posted": 1}
    await eventually(lambda: said(server, "RESOLVED after 1 min 30 s: Nobody says anything."))
    assert len(await said(server, "Nobody says anything.")) == 2


async def test_many_alerts_are_summed_up(server: Component) -> None:
    """Of forty alerts three are said, and how many more there are."""
    told = notification(*(alert(f"Queue{number}", summary=f"Queue {number} grows.") for number in range(40)))
    assert (await post(server, told)).json() == {"posted": 40}
    await eventually(lambda: said(server, "37 more alerts like this", "http://127.0.0.1:9093"))
    assert len(await said(server, "FIRING (page): Queue")) == 3


async def test_what_is_in_an_alert_stays_text(server: Component) -> None:
    """Markup is passed on as it is, a link that runs a script is not passed on, and length is bounded."""
    told = alert(
        "Odd", summary="<script>1</script>", description="x" * 9000, runbook_url="javascript:alert(1)"
    )
    assert (await post(server, notification(told))).status_code == 200
    [text] = await eventually(lambda: said(server, "<script>1</script>"))
    assert "javascript" not in text
    assert len(text) < 2000


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "chat.example.com"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
async def test_other_sites_pages_are_refused(server: Component, headers: dict[str, str]) -> None:
    """A page that somebody visits cannot put words into the chat."""
    assert (
        await post(server, notification(alert("Forged", summary="Forged.")), **headers)
    ).status_code == 403
    assert not await said(server, "Forged.")


async def test_bad_bodies_are_refused_by_name(server: Component) -> None:
    """What is no notification is refused with a reason and never ends in an error of ours."""
    url = f"http://{server.address}/alerts"
    json = {"content-type": "application/json"}
    async with httpx.AsyncClient(timeout=10) as client:
        assert (
            await client.post(url, content=b"{}", headers={"content-type": "text/plain"})
        ).status_code == 415
        assert (await client.post(url, content=b"x" * (MAX_BODY_BYTES + 1), headers=json)).status_code == 413
        for body in (b"", b"{}", b"[" * 10_000, b'{"version": "4", "alerts": [{}]}', b"\xff\xfe"):
            answer = await client.post(url, content=body, headers=json)
            assert answer.status_code == 422
            assert "Alertmanager" in answer.json()["detail"]


async def test_without_a_broker_alertmanager_is_asked_to_try_again() -> None:
    """Where the broker is away the answer is 503 within seconds, upon which Alertmanager tries again."""
    async with component("server", CHATTER_AMQP_URL="amqp://127.0.0.1:1/chatter") as running:
        listening = await eventually(lambda: running.events("http.listening"))
        running.address = listening[0]["address"]
        answer = await post(running, notification(alert("Late", summary="This comes late.")))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_runbooks_are_served_as_text(server: Component) -> None:
    """The link of an alert leads to its runbook; nothing else can be fetched that way."""
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=10) as client:
        found = await client.get("/runbooks/ChatSilent")
        assert found.text.startswith("# ChatSilent")
        assert found.headers["content-type"] == "text/plain; charset=utf-8"
        for name in ("Nothing", "..%2FREADME", "%2e%2e", "ChatSilent.md"):
            assert (await client.get(f"/runbooks/{name}")).status_code == 404
