"""Everything that tells of itself is heard: metrics in Prometheus, spans in Jaeger, lines in the log."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from stack.engine import ROOT
from stack.running import Running, eventually, values_of
from stack.signals import EDGES, SIGNALS, Signals, Span

pytestmark = pytest.mark.timeout(900)

each_service = pytest.mark.parametrize("signals", SIGNALS, ids=lambda signals: signals.service)


def named(spans: list[dict[str, Any]]) -> dict[str, Span]:
    """Return by its id whose each span is, and what it is called."""
    return {span["spanId"]: Span(span["service"], span["name"]) for span in spans}


@pytest.fixture
def jaeger(network: Running) -> Running:
    """Give the network, with a Jaeger that keeps its traces."""
    if "jaeger" in network.stack.left_out:
        pytest.skip("Jaeger's image cannot be had here")
    return network


@each_service
def test_its_metrics_are_kept(network: Running, signals: Signals) -> None:
    """Prometheus has a metric of it that moves only when it works."""
    eventually(lambda: network.query(f"{signals.metric} > 0"), 30, signals.metric)


@each_service
def test_its_log_is_there(network: Running, signals: Signals) -> None:
    """It says on its standard output what it does, where `docker compose logs` finds it."""
    eventually(lambda: signals.log in network.stack.compose("logs", signals.service), 30, signals.log)


@pytest.mark.parametrize("span", [s.span for s in SIGNALS if s.span], ids=" ".join)
def test_its_spans_are_kept(jaeger: Running, span: Span) -> None:
    """Jaeger has a span of it."""
    eventually(lambda: span in named(jaeger.spans(span.service)).values(), 60, f"{span}")


@pytest.mark.parametrize(("parent", "child"), EDGES, ids=" ".join)
def test_one_span_follows_another(jaeger: Running, parent: Span, child: Span) -> None:
    """In some trace the one is the parent of the other."""

    def found() -> bool:
        spans = jaeger.spans(child.service)
        names = named(spans)
        pairs = ((names.get(span.get("parentSpanId", "")), names[span["spanId"]]) for span in spans)
        return (parent, child) in pairs

    eventually(found, 60, f"{parent} > {child}")


def test_a_span_leads_to_its_conversation(jaeger: Running) -> None:
    """Jaeger's page offers, at a span, a search for all traces of its conversation: it finds something."""
    key = "messaging.message.conversation_id"
    config = json.loads((ROOT / "otel/jaeger-ui.json").read_text())
    offered = next(one["url"] for one in config["linkPatterns"] if one["url"].startswith("/search"))

    def conversation() -> str | None:
        values = (values_of(span) for span in jaeger.spans("bot-gibberish"))
        return next((found[key] for found in values if key in found), None)

    wanted = eventually(conversation, 30, "a span of a conversation")
    asked = parse_qs(urlsplit(offered.replace(f"#{{{key}}}", wanted)).query)
    found = eventually(lambda: jaeger.spans(asked["service"][0], asked["tags"][0]), 30, f"{asked}")
    assert wanted in {values_of(span).get(key) for span in found}


def test_a_log_line_leads_to_its_trace(jaeger: Running) -> None:
    """The trace id in a bot's log line is that of a trace in Jaeger, which holds that very span."""

    def found() -> bool:
        lines = jaeger.stack.compose("logs", "--no-log-prefix", "--tail", "200", "bots").splitlines()
        said = [json.loads(line) for line in lines if '"event":"message.said"' in line]
        return any(line["span_id"] in named(jaeger.trace(line["trace_id"])) for line in said[:20])

    eventually(found, 30, "a log line whose span is in Jaeger")
