import base64
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import urllib3
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as official_encoder
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from rabbit_chatter.telemetry.otlp_json import RETRY, OtlpJsonExporter, encode_spans
from support import otlp_receiver, served

NANOSECONDS = st.integers(0, 2**63 - 1)
SCALARS = (
    st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.none()
    | st.binary(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(st.text(min_size=1), VALUES, max_size=4)
STATES = st.sampled_from([None, TraceState([("vendor", "1")]), TraceState([("a", "x"), ("b", "y z")])])
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.integers(0, 255).map(TraceFlags),
    trace_state=STATES,
)
EVENTS = st.builds(Event, st.text(), ATTRIBUTES, NANOSECONDS)
LINKS = st.builds(Link, CONTEXTS, ATTRIBUTES)
STATUSES = st.sampled_from([Status(), Status(StatusCode.OK)]) | st.text().map(
    lambda why: Status(StatusCode.ERROR, why)
)
RESOURCES = [
    Resource({"service.name": "bot-eliza"}),
    Resource({"service.name": "rabbitmq", "n": (1, 2)}),
    Resource({}),
]
SCOPES = [None, InstrumentationScope("rabbit_chatter", "0.1"), InstrumentationScope("somebody's")]
SPANS = st.builds(
    ReadableSpan,
    st.text(),
    CONTEXTS,
    st.none() | CONTEXTS,
    st.sampled_from(RESOURCES),
    ATTRIBUTES,
    st.lists(EVENTS, max_size=2),
    st.lists(LINKS, max_size=2),
    st.sampled_from(SpanKind),
    st.sampled_from([None]),
    STATUSES,
    NANOSECONDS,
    NANOSECONDS,
    st.sampled_from(SCOPES),
)

_IDS = {"traceId", "spanId", "parentSpanId"}


def with_hex_ids(said: Any) -> Any:  # noqa: ANN401 - JSON
    """Return protobuf's JSON as OTLP has it: ids are hexadecimal, not base64.

    Left out are the flags, which the official encoder fills with whether the parent is remote, and a
    status that says nothing.
    """
    if isinstance(said, list):
        return [with_hex_ids(item) for item in said]
    if not isinstance(said, dict):
        return said
    return {
        key: base64.b64decode(value).hex() if key in _IDS else with_hex_ids(value)
        for key, value in said.items()
        if key != "flags" and (key, value) != ("status", {})
    }


def as_data(spans: Sequence[ReadableSpan]) -> Any:  # noqa: ANN401 - JSON
    """Return what the official encoder says of ``spans``."""
    return with_hex_ids(json_format.MessageToDict(official_encoder(spans)))


def understood(encoded: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return what a receiver understands that reads JSON by the official schema.

    Protobuf's own JSON reader wants ids in base64.
    """
    text = json.loads(encoded, object_hook=_with_base64_ids)
    return with_hex_ids(json_format.MessageToDict(json_format.ParseDict(text, ExportTraceServiceRequest())))


def _with_base64_ids(said: dict[str, Any]) -> dict[str, Any]:
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _IDS else value
        for key, value in said.items()
    }


@settings(max_examples=50)
@given(st.lists(SPANS, max_size=5))
def test_receiver_understands_what_the_official_exporter_would_say(spans: list[ReadableSpan]) -> None:
    """Any spans, with values of all types, events, links and any Unicode, arrive as the official ones do."""
    assert understood(encode_spans(spans)) == as_data(spans)


def one(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any of a span's fields
    """Return the JSON of one span."""
    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
    span = ReadableSpan("publish dm", context, resource=RESOURCES[0], start_time=1, end_time=2, **changed)
    said: dict[str, Any] = json.loads(encode_spans([span]))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return said


def test_ids_are_hexadecimal_and_times_are_text() -> None:
    """OTLP's JSON has ids in hexadecimal, with their zeros, and 64-bit numbers as text."""
    span = one(parent=SpanContext(0xABC, 0x1, is_remote=True))
    assert span["traceId"] == "0" * 29 + "abc"
    assert span["spanId"] == "0" * 13 + "def"
    assert span["parentSpanId"] == "0" * 15 + "1"
    assert (span["startTimeUnixNano"], span["endTimeUnixNano"]) == ("1", "2")
    assert span["flags"] & 0xFF == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('text " \\ \n\x00\x7f 🐇', {"stringValue": 'text " \\ \n\x00\x7f 🐇'}),
        (True, {"boolValue": True}),
        (0, {"intValue": "0"}),
        (2**63 - 1, {"intValue": str(2**63 - 1)}),
        (1.5, {"doubleValue": 1.5}),
        (math.nan, {"doubleValue": "NaN"}),
        (math.inf, {"doubleValue": "Infinity"}),
        (-math.inf, {"doubleValue": "-Infinity"}),
        (("a", 1), {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}),
        (b"\x00\xff", {"bytesValue": "AP8="}),
        (None, {}),
        ({"k": 1}, {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "1"}}]}}),
        (2**63, {"stringValue": str(2**63)}),
        (-(2**63) - 1, {"stringValue": str(-(2**63) - 1)}),
    ],
)  # fmt: skip
def test_each_type_has_its_form(value: object, said: dict[str, Any]) -> None:
    """A value is written in the form that OTLP has for its type; what no 64 bits hold becomes text."""
    assert one(attributes={"key": value})["attributes"] == [{"key": "key", "value": said}]


@given(st.lists(st.integers(0, 2), max_size=12))
def test_spans_are_grouped_by_who_speaks(speakers: list[int]) -> None:
    """However the bots' spans are mixed, each bot's resource is said once, and no span is lost."""
    context = SpanContext(1, 2, is_remote=False)
    spans = [
        ReadableSpan(str(n), context, resource=RESOURCES[speaker], start_time=1, end_time=2)
        for n, speaker in enumerate(speakers)
    ]
    groups = json.loads(encode_spans(spans))["resourceSpans"]
    assert len(groups) == len(set(speakers))
    names = [span["name"] for group in groups for span in group["scopeSpans"][0]["spans"]]
    assert sorted(names, key=int) == [str(n) for n in range(len(speakers))]


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run an HTTP server that answers so, one after another; yield its address and the headers it got.

    A status of 0 hangs up without an answer.
    """
    left, got = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            got.append(dict(self.headers))
            status = left.pop(0)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with served(Handler) as url:
        yield f"{url}/v1/traces", got


def some_span() -> ReadableSpan:
    """Return a span that the SDK made."""
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("hello")
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ([200], SpanExportResult.SUCCESS),
        ([202], SpanExportResult.SUCCESS),
        ([503, 200], SpanExportResult.SUCCESS),
        ([429, 200], SpanExportResult.SUCCESS),
        ([0, 200], SpanExportResult.SUCCESS),
        ([400], SpanExportResult.FAILURE),
        ([404], SpanExportResult.FAILURE),
        ([500], SpanExportResult.FAILURE),
    ],
)
def test_receiver_is_asked_again_where_that_may_help(statuses: list[int], result: SpanExportResult) -> None:
    """A receiver that is busy or hangs up is asked again; one that refuses is not."""
    with answering(*statuses) as (url, got):
        exporter = OtlpJsonExporter(url, {"x-tenant": "class"}, 5)
        assert exporter.export([some_span()]) is result
        exporter.shutdown()
    assert len(got) == len(statuses)
    assert {headers["Content-Type"] for headers in got} == {"application/json"}
    assert {headers["x-tenant"] for headers in got} == {"class"}


def test_busy_for_ever_is_a_failure() -> None:
    """A receiver that stays busy is given up after the attempts allowed."""
    with answering(503, 503, 503) as (url, got):
        exporter = OtlpJsonExporter(
            url,
            {},
            5,
            urllib3.Retry(2, status_forcelist=[503], allowed_methods=["POST"], raise_on_status=False),
        )
        assert exporter.export([some_span()]) is SpanExportResult.FAILURE
        exporter.shutdown()
    assert len(got) == 3


def test_receiver_that_is_away_is_a_failure_not_an_error() -> None:
    """Nobody listens: the export fails, and nothing is raised."""
    with answering() as (url, _):
        pass
    exporter = OtlpJsonExporter(url, {}, 5, urllib3.Retry(1))
    assert exporter.export([some_span()]) is SpanExportResult.FAILURE
    exporter.shutdown()


def test_patience_is_bounded() -> None:
    """Pauses grow, but even a receiver that asks for six hours is asked again within half a minute."""
    assert RETRY.total == 4
    assert RETRY.retry_after_max == 30


def test_spans_arrive() -> None:
    """A receiver that checks requests against the official schema gets the span."""
    with otlp_receiver() as receiver:
        exporter = OtlpJsonExporter(f"{receiver.url}/v1/traces", {}, 5)
        span = some_span()
        resource = Resource({"service.name": "test", "service.instance.id": "test"})
        span = ReadableSpan("hello", span.context, resource=resource, start_time=1, end_time=2)
        assert exporter.export([span]) is SpanExportResult.SUCCESS
        exporter.shutdown()
        assert [(s["name"], s["service"]) for s in receiver.spans] == [("hello", "test")]
