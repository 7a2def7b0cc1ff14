"""Send spans as OTLP/HTTP JSON.

The official exporters build a protobuf object per attribute, which in Python costs more than
everything else about a span together (``docs/performance.md``). The same request as JSON
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) is a dictionary and one call of a
C encoder; every OTLP receiver must understand it. Pauses between attempts and the set of status
codes that are tried again follow https://opentelemetry.io/docs/specs/otlp/#failures.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, StatusCode

# SpanKind's and StatusCode's Python values differ from OTLP's by design of the SDK.
_KIND = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}
_STATUS = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}
RETRY = urllib3.Retry(
    total=4,
    allowed_methods=["POST"],
    status_forcelist=[429, 502, 503, 504],
    backoff_factor=0.5,
    backoff_jitter=0.5,
    retry_after_max=30,  # a receiver may ask for hours, and the process wants to end some day
    raise_on_status=False,
)


# What protobuf's int64 holds.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class OtlpJsonExporter(SpanExporter):
    """Export spans to an OTLP/HTTP receiver as JSON.

    Args:
        endpoint: full address, ending in ``/v1/traces``.
        headers: sent with each request.
        timeout: seconds for one attempt.
        retry: how often and when it is tried again.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], timeout: float, retry: urllib3.Retry = RETRY
    ) -> None:
        self._endpoint = endpoint
        self._pool = urllib3.PoolManager(
            headers={**headers, "Content-Type": "application/json"}, timeout=timeout, retries=retry
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send ``spans``; a failure is reported, never raised: telemetry must not break the chat."""
        try:
            answer = self._pool.request("POST", self._endpoint, body=encode_spans(spans))
        except urllib3.exceptions.HTTPError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if answer.status < 300 else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the connections."""
        self._pool.clear()


def encode_spans(spans: Sequence[ReadableSpan]) -> bytes:
    """Return an ``ExportTraceServiceRequest`` in JSON, grouped by resource and scope."""
    grouped: dict[int, tuple[Resource, dict[int, tuple[InstrumentationScope | None, list[str]]]]] = {}
    for span in spans:
        scopes = grouped.setdefault(id(span.resource), (span.resource, {}))[1]
        scope = span.instrumentation_scope
        scopes.setdefault(id(scope), (scope, []))[1].append(_span(span))
    resources = ",".join(
        f'{{"resource":{{"attributes":{_attributes(resource.attributes)}}},"scopeSpans":['
        + ",".join(
            f'{{"scope":{_scope(scope)},"spans":[{",".join(said)}]}}' for scope, said in scopes.values()
        )
        + "]}"
        for resource, scopes in grouped.values()
    )
    return f'{{"resourceSpans":[{resources}]}}'.encode()


def _scope(scope: InstrumentationScope | None) -> str:
    return f'{{"name":{_text(scope.name)},"version":{_text(scope.version or "")}}}' if scope else "{}"


def _span(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    # 64-bit integers are strings in protobuf's JSON: a JavaScript number could not hold them.
    head = (
        f'{{"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}","name":{_text(span.name)},'
        f'"kind":{_KIND[span.kind]},"startTimeUnixNano":"{span.start_time}",'
        f'"endTimeUnixNano":"{span.end_time}","flags":{int(context.trace_flags)},'
        f'"attributes":{_attributes(span.attributes)}'
    )
    parts = [head]
    if span.parent is not None:
        parts.append(f'"parentSpanId":"{span.parent.span_id:016x}"')
    if context.trace_state:
        parts.append(f'"traceState":{_text(context.trace_state.to_header())}')
    if span.events:
        parts.append(f'"events":[{",".join(map(_event, span.events))}]')
    if span.links:
        parts.append(f'"links":[{",".join(map(_link, span.links))}]')
    status = span.status
    if status.status_code is not StatusCode.UNSET:
        parts.append(
            f'"status":{{"code":{_STATUS[status.status_code]},"message":{_text(status.description or "")}}}'
        )
    return ",".join(parts) + "}"


def _event(event: Event) -> str:
    attributes = _attributes(event.attributes)
    return f'{{"name":{_text(event.name)},"timeUnixNano":"{event.timestamp}","attributes":{attributes}}}'


def _link(link: Link) -> str:
    context = link.context
    ids = f'"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}"'
    return f'{{{ids},"attributes":{_attributes(link.attributes)}}}'


def _attributes(attributes: Mapping[str, Any] | None) -> str:
    if not attributes:
        return "[]"
    return "[" + ",".join([_attribute(key, value) for key, value in attributes.items()]) + "]"


def _attribute(key: str, value: object) -> str:
    return f'{{"key":{_text(key)},"value":{_value(value)}}}'


def _value(value: object) -> str:
    if isinstance(value, str):
        return f'{{"stringValue":{_text(value)}}}'
    if isinstance(value, bool):
        return f'{{"boolValue":{"true" if value else "false"}}}'
    if isinstance(value, int):
        # One number that has no place in 64 bits would make the receiver refuse the whole batch.
        return f'{{"{"intValue" if _SMALLEST <= value <= _LARGEST else "stringValue"}":"{value}"}}'
    if isinstance(value, float):
        return f'{{"doubleValue":{_number(value)}}}'
    return _composite(value)


def _composite(value: object) -> str:
    if value is None:
        return "{}"
    if isinstance(value, bytes):
        return f'{{"bytesValue":"{base64.b64encode(value).decode()}"}}'
    if isinstance(value, Sequence):
        return f'{{"arrayValue":{{"values":[{",".join(map(_value, value))}]}}}}'
    if isinstance(value, Mapping):
        return f'{{"kvlistValue":{{"values":{_attributes(value)}}}}}'
    return f'{{"stringValue":{_text(str(value))}}}'


def _number(value: float) -> str:
    # JSON has no such numbers; protobuf's JSON mapping writes them as text.
    return (
        json.dumps(value)
        if math.isfinite(value)
        else f'"{value}"'.replace("inf", "Infinity").replace("nan", "NaN")
    )


# The encoder of the standard library, in C: quotes and escapes, so that any text stays text.
_text = json.encoder.encode_basestring_ascii
