"""The demo as a class sees it: forty bots, live talk, targets up, one id through metric, trace and log."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from running_demo import Demo
from support import component, eventually

pytestmark = pytest.mark.timeout(180)


async def test_forty_bots_and_one_id_through_everything(demo: Demo) -> None:
    """Within 30 s there are bots, talk, targets and metrics; an exemplar leads to its trace and log."""
    end = time.monotonic() + 30

    def left() -> float:
        return end - time.monotonic()

    async def forty() -> bool:
        return bool((await demo.get("queue_manager", "/bots"))["total"] == 40)

    await eventually(forty, left(), "40 bots")
    async with (
        httpx.AsyncClient(timeout=left()) as client,
        client.stream("GET", f"http://127.0.0.1:{demo.ports['page']}/eavesdrop") as talk,
    ):
        async for line in talk.aiter_lines():
            if line.startswith("data: ") and json.loads(line[6:])["kind"] == "dm":
                break

    async def all_up() -> bool:
        targets = (await demo.get("prometheus", "/api/v1/targets"))["data"]["activeTargets"]
        components = {t["labels"].get("component") for t in targets}
        return {"server", "queue-manager", "bots"} <= components and all(t["health"] == "up" for t in targets)

    await eventually(all_up, left(), "all targets up")

    async def moving() -> bool:
        rates = await demo.query('sum(rate(messaging_client_sent_messages_total{error_type=""}[20s]))')
        depth = await demo.query("sum(rabbitmq_detailed_queue_messages)")
        return bool(rates and depth) and float(rates[0]["value"][1]) > 0

    await eventually(moving, left(), "metrics moving")

    async def exemplars() -> list[dict[str, Any]]:
        now = time.time()
        found = await demo.get(
            "prometheus", "/api/v1/query_exemplars",
            query="chatter_queue_wait_seconds_bucket", start=now - 120, end=now,
        )  # fmt: skip
        return [e for series in found["data"] for e in series["exemplars"]]

    trace_ids = {e["labels"]["trace_id"] for e in await eventually(exemplars, 30, "exemplars")}
    await eventually(
        lambda: trace_ids & {span["traceId"] for span in demo.receiver.spans}, 10, "an exported trace"
    )
    exported = trace_ids & {span["traceId"] for span in demo.receiver.spans}
    logged = demo.run("logs", "bots", "-n", "100000")
    assert any(trace_id in logged for trace_id in exported)


async def test_the_page_is_told_of_what_runs_beside_it(demo: Demo) -> None:
    """`up` tells the chat server where Prometheus and Alertmanager are, and those answer it."""
    tools = await demo.get("page", "/tools")
    assert tools["prometheus"] == demo.url("prometheus")
    assert tools["alertmanager"] == demo.url("alertmanager")
    assert tools["logs"]

    async def remembered() -> list[Any]:
        points: list[Any] = (await demo.get("page", "/depths", queue="chatter.firehose"))["points"]
        return points

    points = await eventually(remembered, 30, "what Prometheus remembers")
    assert points[-1][1] >= points[0][1]


async def test_a_chat_server_that_is_not_told_knows_what_fires(demo: Demo) -> None:
    """What Alertmanager tells another chat server is asked for: that an alert began, and that it is over."""
    alert = {"labels": {"alertname": "Earlier", "severity": "page"}, "annotations": {"summary": "Before."}}
    async with httpx.AsyncClient(base_url=demo.url("alertmanager"), timeout=10) as client:
        (await client.post("/api/v2/alerts", json=[alert])).raise_for_status()
    async with component(
        "server",
        CHATTER_AMQP_URL="amqp://127.0.0.1:1/chatter",
        CHATTER_ALERTMANAGER_URL=demo.url("alertmanager"),
    ) as late:
        late.address = (await eventually(lambda: late.events("http.listening")))[0]["address"]

        async def known() -> list[Any]:
            alerts: list[Any] = (await late.get("/alerts/active"))["alerts"]
            return [one for one in alerts if one["name"] == "Earlier"]

        [found] = await eventually(known, 20, "the alert")
        assert found["summary"] == "Before."
        assert 0 <= found["seconds"] < 120
        async with httpx.AsyncClient(base_url=demo.url("alertmanager"), timeout=10) as client:
            over = alert | {"endsAt": datetime.now(UTC).isoformat()}
            (await client.post("/api/v2/alerts", json=[over])).raise_for_status()

        async def over_now() -> bool:
            return not await known()

        await eventually(over_now, 30, "the end of the alert")
