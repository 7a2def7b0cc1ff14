# ruff: noqa: T201 - figures are printed

"""Storms on the running demo, and how autoscale answers them, as Prometheus saw it.

With PICTURES=1 what it saw becomes the pictures of docs/scaling.md.
"""

import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from rabbit_chatter.autoscale.policy import DEPTH_QUERY, WAIT_QUERY
from running_demo import Demo
from support import Component, component, eventually, otlp_receiver

PICTURES = Path(__file__).parents[2] / "docs/pictures" if os.environ.get("PICTURES") else None

# A process works on fifty messages at a time, and a bot has one in hand for 2.6 s: it carries some 19/s, and
# two thirds of that leave the reserve that the policy's default leaves, too.
CONCURRENCY, FLOW = 50, 12
CALM, CROWD = 24, 160
OBJECTIVE = 1.0  # seconds that 19 of 20 messages may wait
MOST = 5

ACTUAL = 'count(up{job="chatter", component="bots"} == 1)'
DRAWN = {
    "asked": "max(chatter_autoscaler_processes_asked)",
    "wanted": "max(chatter_autoscaler_processes_wanted)",
    "actual": ACTUAL,
    "wait": WAIT_QUERY,
    "depth": DEPTH_QUERY,
}

pytestmark = pytest.mark.timeout(900)

Series = Sequence[tuple[float, float]]


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start a demo each of whose processes works on few messages at a time."""
    with otlp_receiver() as receiver:
        running = Demo(tmp_path_factory.mktemp("storm"), receiver, CHATTER_CONCURRENCY=str(CONCURRENCY))
        try:
            running.up("--bots", str(CALM))
            yield running
        finally:
            running.run("down")


@pytest.fixture
async def autoscaler(small_demo: Demo) -> AsyncIterator[Component]:
    """Let processes come and go."""
    async with component(
        "autoscale", "--flow", str(FLOW), "--most", str(MOST),
        "--folder", str(small_demo.folder / ".chatter"),
        OTEL_EXPORTER_OTLP_ENDPOINT=small_demo.receiver.url,
    ) as running:  # fmt: skip
        await running.ready()
        yield running
        assert await running.stop() == 0


@dataclass
class Storm:
    """What happened, in seconds since 1970."""

    demo: Demo
    began: float = field(default_factory=time.time)
    ended: float = 0.0
    over: float = 0.0

    async def until(self, expression: str, deadline: float, what: str) -> float:
        """Wait until a comparison holds; return how many seconds after the storm's begin that was."""

        async def holds() -> bool:
            return bool(await self.demo.query(expression))

        await eventually(holds, deadline, what)
        return time.time() - self.began

    async def grown(self) -> float:
        """Wait for more than one process; return how many seconds after the storm's begin that was.

        The queue-manager is asked, as Prometheus learns of it two scrapes later.
        """

        async def has_grown() -> bool:
            found = (await self.demo.get("queue_manager", "/stats"))["components"]
            return [one["component"] for one in found].count("bots") > 1

        await eventually(has_grown, 30, "more processes")
        return time.time() - self.began

    async def series(self, name: str) -> Series:
        """Return one of what is drawn, from half a minute before the storm on; times count from its begin."""
        found = await self.demo.series(DRAWN[name], self.began - 30, self.over)
        return [(at - self.began, value) for at, value in found]


def turns(series: Series) -> int:
    """Return how often a series changes its direction."""
    steps = [after - before for (_, before), (_, after) in pairwise(series) if after != before]
    return sum((one > 0) != (other > 0) for one, other in pairwise(steps))


async def is_calm(demo: Demo) -> None:
    """Wait for one process in which all is well."""
    calm = f"({ACTUAL}) == 1 and on () ({WAIT_QUERY}) < {OBJECTIVE} and on () sum(chatter_bots) == {CALM}"
    await eventually(lambda: demo.query(calm), 120, "calm")


async def test_a_crowd_comes(small_demo: Demo, autoscaler: Component) -> None:
    """Four times as many bots: processes come within 30 s, wait returns below its objective, they go once."""
    await is_calm(small_demo)
    storm = Storm(small_demo)
    small_demo.run("scale", str(CROWD))
    late = await storm.until(f"({WAIT_QUERY}) > {OBJECTIVE}", 30, "messages that wait")
    more = await storm.grown()
    cured = await storm.until(f"max_over_time(({WAIT_QUERY})[30s:5s]) < {OBJECTIVE}", 240, "wait returns")
    storm.ended = time.time()
    small_demo.run("scale", str(CALM))
    fewer = await storm.until(f"({ACTUAL}) == 1", 400, "one process again")
    print(f"\ncrowd: late {late:.0f} s, more processes {more:.0f} s, cured {cured:.0f} s, one {fewer:.0f} s")
    await _look_back(storm, "crowd")


async def test_one_conversation_runs_hot(small_demo: Demo, autoscaler: Component) -> None:
    """The incident `publish-storm`: processes come within 30 s, and go once it has passed."""
    await is_calm(small_demo)
    storm = Storm(small_demo)
    small_demo.run("incident", "start", "publish-storm", "--for", "60s")
    more = await storm.grown()
    storm.ended = storm.began + 60
    await storm.until("vector(time()) > " + str(storm.ended), 90, "the storm's end")
    cured = await storm.until(
        f"max_over_time(({WAIT_QUERY})[15s:5s]) < {OBJECTIVE} and ({DEPTH_QUERY}) < 50", 300, "wait returns"
    )
    fewer = await storm.until(f"({ACTUAL}) == 1", 400, "one process again")
    print(f"\nhot conversation: more processes {more:.0f} s, cured {cured:.0f} s, one {fewer:.0f} s")
    await _look_back(storm, "publish-storm")


async def _look_back(storm: Storm, name: str) -> None:
    """Hold what happened against what was promised, and draw it."""
    storm.over = time.time()
    drawn = {key: await storm.series(key) for key in DRAWN}
    assert turns([one for one in drawn["wanted"] if one[0] >= 0]) == 1
    assert max(value for _, value in drawn["actual"]) > 1
    assert not await storm.demo.query('ALERTS{alertname="AutoscalerFlapping"}')
    if PICTURES is not None:
        _draw(drawn, storm.ended - storm.began, PICTURES / f"storm-{name}.svg")


def _draw(drawn: dict[str, Series], ended: float, target: Path) -> None:
    """Write a picture: processes, wait and depth over the same seconds."""
    import matplotlib as mpl  # noqa: PLC0415 - only where pictures are drawn

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    mpl.rcParams |= {"svg.hashsalt": "storm", "svg.fonttype": "none", "font.size": 9}
    figure, rows = plt.subplots(3, 1, sharex=True, figsize=(9.5, 6), layout="constrained")
    for row in rows:
        row.axvspan(0, ended, color="tab:orange", alpha=0.15, label="storm")
        row.grid(alpha=0.3)
    for key, style in (("asked", ":"), ("wanted", "-"), ("actual", "-")):
        rows[0].step(*zip(*drawn[key], strict=True), style, where="post", label=key)
    rows[1].plot(*zip(*drawn["wait"], strict=True), color="tab:red", label="95 % of messages wait less")
    rows[1].axhline(OBJECTIVE, color="black", linewidth=0.8, linestyle="--", label="objective")
    rows[2].plot(*zip(*drawn["depth"], strict=True), color="tab:purple", label="messages in queues")
    for row, label in zip(rows, ("processes", "seconds", "messages"), strict=True):
        row.set_ylabel(label)
        row.set_ylim(bottom=0)
        row.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    rows[2].set_xlabel("seconds after the storm began")
    figure.savefig(target, metadata={"Date": None})
