# ruff: noqa: T201 - figures are printed, for whoever keeps an eye on the budget
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from stack.engine import ROOT, compose_file, images, python_image
from stack.running import Running, eventually

pytestmark = pytest.mark.timeout(900)


def test_every_image_is_pinned() -> None:
    """Nobody gets another version tomorrow: each tag has at least two numbers, none is `latest`."""
    for image in (*images(), python_image()):
        assert re.search(r":v?\d+\.\d+", image), image


def test_the_budget_is_kept() -> None:
    """Nine containers, at most 1 GiB together, and a file that one can read."""
    services = compose_file()["services"]
    limits = {name: int(one["mem_limit"].removesuffix("m")) for name, one in services.items()}
    assert len(services) <= 9
    assert sum(limits.values()) <= 1024, limits
    assert len((ROOT / "docker-compose.yml").read_text().splitlines()) <= 200


def test_nothing_is_reached_from_outside(network: Running) -> None:
    """Every published port is on loopback; our containers cannot write, gain rights or be root."""
    for name, one in network.stack.containers().items():
        host: dict[str, Any] = one["HostConfig"]
        bindings = [binding for group in (host["PortBindings"] or {}).values() for binding in group]
        assert {binding["HostIp"] for binding in bindings} <= {"127.0.0.1"}, name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, name
        if one["Config"]["Image"].startswith("rabbit-chatter"):
            assert host["ReadonlyRootfs"], name
            assert host["CapDrop"] == ["ALL"], name
            assert one["Config"]["User"] == "10001", name


def test_forty_bots_are_listed(network: Running) -> None:
    """The queue-manager, which alone may ask RabbitMQ, lists the forty bots."""
    eventually(lambda: network.bots() == 40, 30, "40 bots")


def test_everything_is_watched(network: Running) -> None:
    """Every target of Prometheus is up, and each of our components is one."""
    absent = network.stack.left_out

    def all_up() -> bool:
        targets = network.get("PROMETHEUS", "/api/v1/targets")["data"]["activeTargets"]
        down = {one["labels"]["job"] for one in targets if one["health"] != "up"}
        components = {one["labels"].get("component") for one in targets}
        return down <= absent and {"server", "queue-manager", "bots"} <= components

    eventually(all_up, 30, "every target up")


def test_the_talk_is_heard(network: Running) -> None:
    """`/eavesdrop` streams what is said, as it is said."""
    with httpx.stream("GET", f"{network.stack.url('PAGE')}/eavesdrop", timeout=20, trust_env=False) as answer:
        said = next(line for line in answer.iter_lines() if line.startswith("data:"))
    assert '"text"' in said


def test_a_hop_is_seen_in_jaeger(network: Running) -> None:
    """One bot's publish, the wait in the queue and another bot's processing are one path in Jaeger."""
    if "jaeger" in network.stack.left_out:
        pytest.skip("Jaeger's image cannot be had here")

    def hop() -> tuple[str, str] | None:
        spans = {span["spanId"]: span for span in network.spans("bot-gibberish")}
        for process in (span for span in spans.values() if span["name"] == "process dm"):
            wait = spans.get(process.get("parentSpanId", ""), {})
            publish = spans.get(wait.get("parentSpanId", ""), {})
            if wait.get("name") == "queue wait dm" and publish.get("name") == "publish dm":
                return publish["instance"], process["instance"]
        return None

    speaker, listener = eventually(hop, 30, "publish dm > queue wait dm > process dm")
    assert speaker != listener


def test_spans_become_metrics(network: Running) -> None:
    """The Collector counts spans by service and operation, for Prometheus to keep."""
    if "otel-collector" in network.stack.left_out:
        pytest.skip("the Collector's image cannot be had here")
    expression = 'traces_span_metrics_calls_total{span_name="process dm"} > 0'
    eventually(lambda: network.query(expression), 30, expression)


@contextmanager
def autoscale(network: Running, *options: str) -> Iterator[None]:
    """Let `rabbit-chatter autoscale` run Compose while the block runs."""
    program = subprocess.Popen(
        [
            sys.executable, "-m", "rabbit_chatter", "autoscale", "--compose", "--every", "1", *options,
            "--prometheus", network.stack.url("PROMETHEUS"),
            "--queue-manager", network.stack.url("QUEUE_MANAGER"),
        ],
        cwd=ROOT, env={**os.environ, **network.stack.environment()},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield
    finally:
        program.terminate()
        said, _ = program.communicate(timeout=150)
    assert program.returncode == 0, said


def test_bots_scale(network: Running) -> None:
    """Where two containers of bots are the least, `autoscale` has Compose start one: 80 bots, two targets."""
    with autoscale(network, "--least", "2", "--most", "2"):
        eventually(lambda: network.bots() == 80, 60, "80 bots")
        eventually(lambda: len(network.query('up{component="bots"} == 1')) == 2, 30, "two targets")
    with autoscale(network, "--most", "1", "--patience", "0"):
        eventually(lambda: network.bots() == 40, 60, "40 bots again")


def test_an_alert_comes_and_goes(network: Running) -> None:
    """Without bots an alert fires in Alertmanager and is said in the chat; with them it is over there too."""

    def summary() -> str:
        alerts = network.get("ALERTMANAGER", "/api/v2/alerts", {"active": "true"})
        found = [one for one in alerts if one["labels"]["alertname"] == "ComponentMissing"]
        return found[0]["annotations"]["summary"].strip() if found else ""

    def said(word: str) -> bool:
        talk = network.get("PAGE", "/timeline", {"bot": "alertmanager", "limit": 50})["messages"]
        return any(one["text"].startswith(word) and wrong in one["text"] for one in talk)

    uptime = "job:prometheus_uptime:seconds > 60"  # before that the rule keeps silent
    eventually(lambda: network.query(uptime), 70, uptime)
    network.stack.compose("stop", "bots")
    wrong = eventually(summary, 60, "an alert in Alertmanager")
    eventually(lambda: said("FIRING"), 10, "the alert in the chat")
    network.stack.compose("start", "bots")
    eventually(lambda: not summary(), 60, "the alert resolved")
    eventually(lambda: said("RESOLVED"), 15, "its end in the chat")


def test_it_is_small_and_quick(network: Running) -> None:
    """The running stack without Grafana uses at most 600 MiB, and shows something within seconds."""
    used = network.stack.memory()
    used.pop("grafana", None)
    series = int(network.query("prometheus_tsdb_head_series")[0]["value"][1])
    print("\nsince the broker answered:", {name: round(value, 1) for name, value in network.seconds.items()})
    print(
        "MiB:", {name: round(value) for name, value in sorted(used.items())}, "=", round(sum(used.values()))
    )
    print("series:", series, "; left out:", sorted(network.stack.left_out) or "nothing")
    assert sum(used.values()) <= 600
    assert series <= 15_000
    assert network.seconds["first data"] <= 30
    assert network.seconds.get("first trace", 0) <= 10
