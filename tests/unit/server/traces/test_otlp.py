import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_protobuf
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, StatusCode

from rabbit_chatter.server.traces.otlp import BadRequestError, read_jaeger, read_json, read_protobuf
from rabbit_chatter.telemetry.otlp_json import encode_spans as encode_json


class Kept(SpanExporter):
    """Keeps what is exported."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep spans."""
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS


@pytest.fixture
def spans() -> list[ReadableSpan]:
    """Return spans of the real SDK, with everything that a span can have."""
    kept = Kept()
    provider = TracerProvider(
        resource=Resource({"service.name": "bot-echo", "service.instance.id": "merryotter"})
    )
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer", kind=SpanKind.PRODUCER) as outer:
        link = Link(outer.get_span_context())
        values: dict[str, Any] = {
            "text": "grüße",
            "number": 2**60,
            "half": 0.5,
            "yes": True,
            "many": ["a", "b"],
        }
        with tracer.start_as_current_span("inner", attributes=values, links=[link]) as inner:
            inner.record_exception(ValueError("no"))
            inner.set_status(StatusCode.ERROR, "it failed")
    return kept.spans


def test_both_encodings_say_the_same(spans: list[ReadableSpan]) -> None:
    """What the official encoder writes as protobuf and ours as JSON is read as the same spans."""
    as_protobuf, bad = read_protobuf(encode_protobuf(spans).SerializeToString())
    as_json, _ = read_json(encode_json(spans))
    assert bad == 0
    assert as_protobuf == as_json


def test_nothing_of_a_span_is_lost(spans: list[ReadableSpan]) -> None:
    """Ids, times in microseconds, attributes, events, links, status and resource are all there."""
    (inner, outer), _ = read_protobuf(encode_protobuf(spans).SerializeToString())
    context = spans[0].get_span_context()
    assert context is not None
    assert inner.trace_id == f"{context.trace_id:032x}"
    assert inner.parent_id == outer.span_id
    assert (inner.service, inner.instance) == ("bot-echo", "merryotter")
    assert (outer.kind, inner.kind) == ("producer", "internal")
    assert inner.attributes == {
        "text": "grüße",
        "number": 2**60,
        "half": 0.5,
        "yes": True,
        "many": ["a", "b"],
    }
    assert (inner.error, inner.message) == (True, "it failed")
    assert inner.events[0].attributes["exception.message"] == "no"
    assert inner.links[0].span_id == outer.span_id
    assert inner.start_us == (spans[0].start_time or 0) // 1000


def test_the_official_json_parser_agrees(spans: list[ReadableSpan]) -> None:
    """Protobuf's own JSON parser finds the same names and times in the same body, ids apart."""
    body = encode_json(spans)
    official = json_format.Parse(body, ExportTraceServiceRequest())
    theirs = [
        span for group in official.resource_spans for scope in group.scope_spans for span in scope.spans
    ]
    ours, _ = read_json(body)
    assert [(s.name, s.start_time_unix_nano // 1000) for s in theirs] == [(s.name, s.start_us) for s in ours]
    # It takes hexadecimal digits for base64, as the specification warns.
    assert [base64.b64encode(s.trace_id).decode() for s in theirs] == [s.trace_id for s in ours]


def one(**changes: object) -> bytes:
    """Return a JSON request with one span, changed."""
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "name": "x",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": 2,
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span | changes]}]}]}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"traceId": "0" * 32},
        {"traceId": "abc"},
        {"spanId": "cd" * 16},
        {"spanId": "g" * 16},
        {"startTimeUnixNano": "-5"},
        {"endTimeUnixNano": str(2**64)},
        {"startTimeUnixNano": "soon"},
        {"attributes": [{"key": "n", "value": {"intValue": "1" * 5000}}]},
    ],
    ids=str,
)
def test_a_span_that_is_none_is_counted(changes: dict[str, object]) -> None:
    """A span whose ids or times are none costs itself, not the request."""
    assert read_json(one(**changes)) == ([], 1)


def test_what_is_new_or_null_is_no_error() -> None:
    """A field of a later version is ignored, and null is as good as nothing."""
    ((span,), bad) = read_json(
        one(brandNew=[1], attributes=None, events=None, status=None, parentSpanId=None)
    )
    assert bad == 0
    assert span.parent_id is None
    assert span.service == "unknown_service"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"[" * 5000, b"\xff", b'{"resourceSpans": 1}'])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """Whatever is not OTLP in JSON ends in one kind of error."""
    with pytest.raises(BadRequestError):
        read_json(body)


def test_depth_is_bounded() -> None:
    """A value within a value within a value ends in the same error, not in a crash."""
    deep = b'{"arrayValue": {"values": [' * 5000
    with pytest.raises(BadRequestError):
        read_json(one().replace(b'"name"', b'"attributes": [{"key": "k", "value": ' + deep + b'], "name"'))


@given(st.binary(max_size=300))
def test_any_bytes_are_spans_or_an_error(body: bytes) -> None:
    """Protobuf's parser takes much for a message; nothing else than our error comes of it."""
    with suppress(BadRequestError):
        read_protobuf(body)


def test_jaegers_answer_is_read(spans: list[ReadableSpan]) -> None:
    """Jaeger wraps the same into a result."""
    assert read_jaeger(b'{"result": ' + encode_json(spans) + b"}") == read_json(encode_json(spans))[0]
    with pytest.raises(BadRequestError):
        read_jaeger(b'{"error": "no"}')
