"""What the running demo shows to Prometheus can be recorded, and replayed by promtool."""

import time
from pathlib import Path

from rabbit_chatter.exercises.check_alert import Bench, check_alert
from rabbit_chatter.exercises.manifest import AlertCheck
from rabbit_chatter.recorder.capture import Window, capture
from rabbit_chatter.recordings.notation import decode
from rabbit_chatter.recordings.recording import About, Recording
from running_demo import Demo
from support import eventually

SAMPLES, INTERVAL = 5, 5
RULE = """
groups:
  - name: mine
    rules:
      - alert: Many
        expr: sum(chatter_bots) >= 40
        labels: {severity: page}
        annotations: {summary: Many bots.}
"""


async def test_what_prometheus_sees_is_recorded_and_replayed(demo: Demo, tmp_path: Path) -> None:
    """Twenty seconds of the demo have a sample per scrape, usual addresses, and wake a rule that is true."""

    async def scraped() -> bool:
        found = await demo.query("count_over_time(chatter_bots[20s]) >= 4 and chatter_bots == 40")
        return bool(found)

    await eventually(scraped, 60, "four scrapes of forty bots")
    window = Window(time.time() - SAMPLES * INTERVAL, SAMPLES, INTERVAL)
    usual = {f"127.0.0.1:{demo.ports['bots']}": "127.0.0.1:8090"}
    series = capture(demo.url("prometheus"), window, usual)
    (bots,) = [
        one for one in series
        if one.metric == "chatter_bots" and one.labels["instance"] == "127.0.0.1:8090"
    ]  # fmt: skip
    assert [value for value in decode(bots.values) if value is not None].count(40) >= 3
    assert not [
        one for one in series if one.metric.startswith(("go_", "erlang_", "ALERTS")) or ":" in one.metric
    ]

    about = About(
        name="live", title="The demo.", kind="incident", interval=INTERVAL, samples=SAMPLES, inject=0,
        clear=20, recorded="now", start=window.start, bots=40, tempo=1, versions={},
    )  # fmt: skip
    answer = tmp_path / "answer.yml"
    answer.write_text(RULE)
    recording = Recording.of(about, series)
    folder = tmp_path / "check"
    folder.mkdir()
    judged = check_alert(answer, Bench(AlertCheck(fires=["live"]), [recording], [], [], folder))
    assert any("s after it began" in finding.text and finding.good for finding in judged.findings)
