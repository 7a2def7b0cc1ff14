"""Processes of bots come and go in the running demo, and it keeps its forty bots."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from rabbit_chatter.up.supervisor import Supervisor
from running_demo import Demo
from support import eventually

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "rabbit_chatter", "autoscale", "--every", "1"]


@contextmanager
def autoscale(demo: Demo, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `rabbit-chatter autoscale` while the block runs; it ends as Ctrl-C ends it."""
    running = subprocess.Popen(
        [*PROGRAM, *options],
        cwd=demo.folder,
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": demo.receiver.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield running
    finally:
        running.terminate()
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said


def drawn(title: str) -> list[str]:
    """Return the queries of a panel."""
    board = json.loads((ROOT / "grafana/dashboards/chatter-bots.json").read_text())
    return [
        target["expr"] for panel in board["panels"] if panel["title"] == title for target in panel["targets"]
    ]


async def shows(demo: Demo, query: str, number: float) -> bool:
    """Return whether Prometheus answers one number, this one."""
    return [float(found["value"][1]) for found in await demo.query(query)] == [number]


def crash(demo: Demo, name: str) -> None:
    """End a process without a chance to say goodbye."""
    os.kill(Supervisor(demo.folder / ".chatter").processes()[name]["pid"], signal.SIGKILL)


async def test_processes_come_and_go_and_bots_stay(demo: Demo) -> None:
    """Where two processes are the least, a second takes half of the bots; where one is the most, it goes.

    One that crashes has its share again soon after.
    """

    async def shares() -> dict[str, int]:
        listed = (await demo.get("queue_manager", "/bots", limit=1000))["bots"]
        return dict(Counter(bot["instance"] for bot in listed))

    async def are(wanted: dict[str, int]) -> bool:
        return await shares() == wanted

    async def are_not(wanted: dict[str, int]) -> bool:
        return not await are(wanted)

    await eventually(lambda: are({"bots": 40}), 30, "40 bots")
    with autoscale(demo, "--least", "2", "--most", "2"):
        await eventually(lambda: are({"bots": 20, "bots-2": 20}), 90, "two processes")
        for query in drawn("Processes of bots: wanted and actual"):
            await eventually(partial(shows, demo, query, 2), 60, query)
        for process in ("bots-2", "bots"):
            crash(demo, process)
            await eventually(lambda: are_not({"bots": 20, "bots-2": 20}), 60, f"{process} crashed")
            await eventually(lambda: are({"bots": 20, "bots-2": 20}), 90, f"{process} has its share again")
    assert "bots-2" in demo.run("status")
    with autoscale(demo, "--most", "1", "--patience", "0"):
        await eventually(lambda: are({"bots": 40}), 90, "one process again")
    assert "bots-2" not in demo.run("status")
    spans = [span["values"] for span in await demo.receiver.wait_for(2, "scale")]
    changes = [(span["chatter.scaling.actual"], span["chatter.scaling.wanted"]) for span in spans]
    assert changes == [(1, 2), (2, 1)]


def test_bounds_that_exclude_each_other() -> None:
    """Whoever wants at least three and at most two is told so in one sentence."""
    done = subprocess.run(
        [*PROGRAM, "--least", "3", "--most", "2"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (1, "rabbit-chatter: --least 3 is more than --most 2\n")


def test_nothing_runs_there(tmp_path: Path) -> None:
    """Without a network in this folder, the error says how to start one."""
    done = subprocess.run(PROGRAM, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "rabbit-chatter up" in done.stderr
