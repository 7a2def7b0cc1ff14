from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from rabbit_chatter.telemetry import traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

HEX = st.text("0123456789abcdef")
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    is_remote=st.just(value=True),
    trace_flags=st.integers(0, 255).map(TraceFlags),
)
# Texts of which a fair share is nearly right: the parts have the right length, mostly.
NEARLY = st.builds(
    "{}-{}-{}-{}{}".format,
    st.sampled_from(["00", "01", "cc", "fe", "ff", "FF", "0", "000", ""]),
    st.sampled_from([TRACE, "0" * 32, TRACE.upper(), TRACE[:-1], TRACE + "0"]) | HEX,
    st.sampled_from([SPAN, "0" * 16, SPAN.upper(), SPAN[:-1], "x" * 16]) | HEX,
    st.sampled_from(["00", "01", "ff", "0g", "1", "001"]) | HEX,
    st.sampled_from(["", "-", "-more", "-more-and-more", "."]),
)


def official(value: str) -> SpanContext | None:
    """Return what OpenTelemetry's own propagator reads from a header."""
    context = TraceContextTextMapPropagator().extract({"traceparent": value})
    found = trace.get_current_span(context).get_span_context()
    return found if found.is_valid else None


@given(CONTEXTS)
def test_context_comes_back(context: SpanContext) -> None:
    """What is encoded is parsed again, flags included, and as coming from elsewhere."""
    parsed = traceparent.parse(traceparent.encode(context))
    assert parsed == context
    assert parsed is not None
    assert parsed.is_remote


@given(CONTEXTS)
def test_encodes_as_opentelemetry_does(context: SpanContext) -> None:
    """The header is, character by character, the one that OpenTelemetry's own propagator writes."""
    carrier: dict[str, str] = {}
    span = trace.NonRecordingSpan(context)
    TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span))
    assert traceparent.encode(context) == carrier["traceparent"]


@given(NEARLY | CONTEXTS.map(traceparent.encode) | st.text(min_size=1))
def test_reads_as_opentelemetry_does(value: str) -> None:
    """A header, without blanks around it, is understood or refused exactly as by OpenTelemetry's own."""
    assert traceparent.parse(value.strip()) == official(value.strip())


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"00-" + TRACE.encode() + b"-" + SPAN.encode() + b"-01",
        17,
        1.5,
        {"traceparent": "00"},
        "",
        "hello",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0g",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN[:-1]}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"\u0660\u0660-{TRACE}-{SPAN}-01",
    ],
)
def test_malformed_header_is_none(value: Any) -> None:  # noqa: ANN401 - of any type, as from AMQP
    """What is no `traceparent` is none, and never an error: anybody may have sent it."""
    assert traceparent.parse(value) is None


def test_later_versions_may_say_more() -> None:
    """Of a version to come, the parts that are known today are read."""
    parsed = traceparent.parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like")
    assert parsed is not None
    assert (f"{parsed.trace_id:032x}", f"{parsed.span_id:016x}") == (TRACE, SPAN)
    assert parsed.trace_flags.sampled


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)]
)
def test_only_the_last_bit_says_sampled(flags: str, sampled: bool) -> None:  # noqa: FBT001 - a case
    """Other bits may come to mean something, and do not change whether the trace is recorded."""
    parsed = traceparent.parse(f"00-{TRACE}-{SPAN}-{flags}")
    assert parsed is not None
    assert parsed.trace_flags.sampled is sampled
