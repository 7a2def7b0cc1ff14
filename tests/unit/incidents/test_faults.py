"""Faults that need no broker, on real metrics, dialects, samplers and propagators."""

import asyncio
import random
from typing import Any

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from rabbit_chatter.clock import NANOSECONDS, now_ns
from rabbit_chatter.dialects import Persona
from rabbit_chatter.dialects.echo import Echo
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.faults import FAULTS
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.messages import Kind
from rabbit_chatter.telemetry.metrics import PUBLISH_FAILURES, Metrics

WAIT, PROCESS = "chatter_queue_wait_seconds", "messaging_process_duration_seconds"
SENT = "messaging_client_sent_messages_total"


@pytest.fixture
def seams() -> Seams:
    """Return the seams of a component without a broker, whose waiting times have one, too."""
    metrics = Metrics(CollectorRegistry(), "bots")
    seams = Seams(metrics)
    metrics.queue_wait = seams.around_waits(metrics.queue_wait)
    return seams


def samples(seams: Seams, name: str, **labels: str) -> dict[str, float]:
    """Scrape; return the samples called ``name`` that have these labels, by all their labels."""
    text = generate_latest(seams.around_registry(seams.metrics.registry)).decode()
    found = [s for family in text_string_to_metric_families(text) for s in family.samples if s.name == name]
    return {str(sorted(s.labels.items())): s.value for s in found if labels.items() <= s.labels.items()}


def breaking(seams: Seams, fault: str, intensity: float = 1.0, **parameters: object) -> Any:  # noqa: ANN401
    """Return a block in which ``fault`` is put around."""
    return FAULTS[fault].enter(seams, Dose(intensity, "seed"), parameters)


async def test_waiting_times_in_milliseconds(seams: Seams) -> None:
    """What takes three milliseconds is observed as three seconds, until it is over."""
    wait = seams.metrics.queue_wait.labels("dm", "echo")
    async with breaking(seams, "wrong-unit", per_second=1000.0):
        wait.observe(0.003)
    wait.observe(0.003)
    assert samples(seams, f"{WAIT}_sum") == pytest.approx(dict.fromkeys(samples(seams, f"{WAIT}_sum"), 3.003))
    assert list(samples(seams, f"{WAIT}_bucket", le="1.0").values()) == [1]


async def test_coarse_buckets(seams: Seams) -> None:
    """One finite bucket is left; count and sum are as they were, and other histograms too."""
    seams.metrics.queue_wait.labels("dm", "echo").observe(0.5)
    seams.metrics.process.labels("dm", "echo").observe(0.5)
    before, others = (
        samples(seams, f"{WAIT}_bucket"),
        samples(seams, f"{PROCESS}_bucket"),
    )
    async with breaking(seams, "coarse-buckets", metric=WAIT, bucket=30.0):
        assert len(samples(seams, f"{WAIT}_bucket")) == 2
        assert samples(seams, f"{WAIT}_bucket", le="30.0")
        assert list(samples(seams, f"{WAIT}_count").values()) == [1]
        assert samples(seams, f"{PROCESS}_bucket") == others
    assert samples(seams, f"{WAIT}_bucket") == before


async def test_a_counter_begins_anew_and_goes_on_afterwards(seams: Seams) -> None:
    """The counter falls to zero and rises from there; when it is over, nothing was forgotten."""
    sent = seams.metrics.sent.labels("dm", "")
    sent.inc(10)
    async with breaking(seams, "counter-reset", metric="messaging_client_sent_messages", every=600.0):
        assert sum(samples(seams, SENT).values()) == 0
        sent.inc(2)
        assert sum(samples(seams, SENT).values()) == 2
    assert sum(samples(seams, SENT).values()) == 12


async def test_a_share_of_the_series(seams: Seams) -> None:
    """With half the intensity half of the series are hit."""
    everything = samples(seams, SENT)
    for kind in Kind:
        for error_type in ("", *PUBLISH_FAILURES):
            seams.metrics.sent.labels(kind, error_type).inc(10)
    async with breaking(seams, "counter-reset", 0.5, metric="messaging_client_sent_messages", every=600.0):
        assert sum(samples(seams, SENT).values()) == 10 * len(everything) / 2


async def test_spans_are_not_recorded(seams: Seams) -> None:
    """A sampler that would record all records nothing, or the share that is left, trace by trace."""
    sampler = seams.around_sampler(ALWAYS_ON)
    ids = [RandomIdGenerator().generate_trace_id() for _ in range(500)]

    def recorded() -> int:
        decisions = [sampler.should_sample(None, trace_id, "converse").decision for trace_id in ids]
        return decisions.count(Decision.RECORD_AND_SAMPLE)

    async with breaking(seams, "no-sampling"):
        assert recorded() == 0
    async with breaking(seams, "no-sampling", 0.5):
        assert 200 < recorded() < 300
    assert recorded() == 500
    assert "AlwaysOn" in sampler.get_description()


async def test_context_is_not_passed_on(seams: Seams) -> None:
    """No traceparent is written, until it is over."""
    propagator = seams.around_propagator(TraceContextTextMapPropagator())
    context = trace.set_span_in_context(
        trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=False, trace_flags=trace.TraceFlags(1)))
    )

    def written() -> dict[str, str]:
        carrier: dict[str, str] = {}
        propagator.inject(carrier, context)
        return carrier

    async with breaking(seams, "lost-context"):
        assert written() == {}
    assert "traceparent" in written()
    assert "traceparent" in propagator.fields
    assert trace.get_current_span(propagator.extract(written())).get_span_context().trace_id == 1


async def test_a_clock_is_ahead(seams: Seams) -> None:
    """The wall clock is ahead by a share of the seconds, and right again afterwards."""
    before = now_ns()
    async with breaking(seams, "clock-skew", 0.5, seconds=100.0):
        assert now_ns() - before > 49 * NANOSECONDS
    assert 0 <= now_ns() - before < 40 * NANOSECONDS


async def test_only_scrapes_hang(seams: Seams) -> None:
    """`/metrics` answers late, everything else at once."""
    answered: list[str] = []

    async def app(scope: dict[str, str], *_: object) -> None:
        answered.append(scope["path"])

    served = seams.around_server(app)
    async with breaking(seams, "hanging-scrape", seconds=60.0):
        scrape = asyncio.ensure_future(served({"type": "http", "path": "/metrics"}, None, None))
        await served({"type": "http", "path": "/healthz"}, None, None)
        assert answered == ["/healthz"]
        scrape.cancel()
    await served({"type": "http", "path": "/metrics"}, None, None)
    assert answered == ["/healthz", "/metrics"]


async def test_words_come_late(seams: Seams) -> None:
    """A dialect says the same as ever, later."""
    dialect = seams.around_dialect(Echo(Persona("anna", random.Random(1))))  # noqa: S311 - a game
    async with breaking(seams, "slow-words", seconds=0.05):
        began = asyncio.get_running_loop().time()
        assert await dialect.answer([], "hello") == "hello"
        assert asyncio.get_running_loop().time() - began >= 0.03


@pytest.mark.parametrize("fault", ["deaf-inbox", "hoarding-consumer", "flood", "queue-leak"])
async def test_without_a_broker_it_is_said(seams: Seams, fault: str) -> None:
    """A fault that needs the broker says so where there is none, or does nothing where nobody is."""
    parameters = {"hoarding-consumer": {"most": 1}}.get(fault, {"per_second": 1.0})
    block = FAULTS[fault].enter(seams, Dose(1, "s"), {} if fault == "deaf-inbox" else parameters)
    if fault in ("deaf-inbox", "hoarding-consumer"):
        async with block:
            assert not seams.inboxes
    else:
        with pytest.raises(Exception, match="not connected"):
            await block.__aenter__()


@pytest.mark.parametrize("fault", FAULTS)
def test_parameters_are_checked(fault: str) -> None:
    """No fault takes a parameter that it does not know."""
    with pytest.raises(msgspec.ValidationError, match=r"unknown field|missing required"):
        FAULTS[fault].check({"harm": "much"})
