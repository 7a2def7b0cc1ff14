"""The demo as a class sees it: forty bots, live talk, targets up, one id through metric, trace and log."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rabbit_chatter.up.options import Ports, option_of
from rabbit_chatter.up.ports import free_ports
from support import Receiver, eventually, otlp_receiver

NAMES = [name for name in vars(Ports()) if name not in ("epmd", "dist")]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Receive what all components export."""
    with otlp_receiver() as running:
        yield running


class Demo:
    """A running demo, asked over HTTP."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))

    async def run(self, *arguments: str, **environment: str) -> str:
        """Run the program to its end; return what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rabbit_chatter", *arguments,
            cwd=self.folder, env={**_own_environment(), **environment},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed = (await process.communicate())[0].decode()
        assert process.returncode == 0, printed
        return printed

    async def get(self, service: str, path: str, **params: str | float) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that a service answers."""
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.ports[service]}", timeout=10
        ) as client:
            return (await client.get(path, params=params)).raise_for_status().json()

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers."""
        answer = await self.get("prometheus", "/api/v1/query", query=expression)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


def _own_environment() -> dict[str, str]:
    import os  # noqa: PLC0415 - for the child only

    return {name: value for name, value in os.environ.items() if not name.startswith(("CHATTER_", "OTEL_"))}


@pytest.fixture
async def demo(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Demo]:
    """Start the demo with forty bots, and stop it whatever happens."""
    running = Demo(tmp_path)
    ports = [text for name, port in running.ports.items() for text in (option_of(name), str(port))]
    try:
        await running.run("up", "--detach", *ports, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        yield running
    finally:
        await running.run("down")


async def test_forty_bots_and_one_id_through_everything(demo: Demo, receiver: Receiver) -> None:
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
        lambda: trace_ids & {span["traceId"] for span in receiver.spans}, 10, "an exported trace"
    )
    exported = trace_ids & {span["traceId"] for span in receiver.spans}
    logged = await demo.run("logs", "bots", "-n", "100000")
    assert any(trace_id in logged for trace_id in exported)
