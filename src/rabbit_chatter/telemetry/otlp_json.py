"""Send spans as OTLP/HTTP JSON.

The official exporters build a protobuf object per attribute, which in Python costs more than
everything else about a span together (``docs/performance.md``). The same request as JSON
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) is a dictionary and one call of a
C encoder; every OTLP receiver must understand it. Pauses between attempts and the set of status
codes that are tried again follow https://opentelemetry.io/docs/specs/otlp/#failures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import urllib3
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind, StatusCode

# SpanKind's and StatusCode's Python values differ from OTLP's by design of the SDK.
_KIND = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}
_STATUS = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}
_RETRY = urllib3.Retry(
    total=4,
    allowed_methods=["POST"],
    status_forcelist=[429, 502, 503, 504],
    backoff_factor=0.5,
    backoff_jitter=0.5,
    raise_on_status=False,
)


class OtlpJsonExporter(SpanExporter):
    """Export spans to an OTLP/HTTP receiver as JSON.

    Args:
        endpoint: full address, ending in ``/v1/traces``.
        headers: sent with each request.
        timeout: seconds for one attempt.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str], timeout: float) -> None:
        self._endpoint = endpoint
        self._pool = urllib3.PoolManager(
            headers={**headers, "Content-Type": "application/json"}, timeout=timeout, retries=_RETRY
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send ``spans``; a failure is reported, never raised: telemetry must not break the chat."""
        try:
            answer = self._pool.request("POST", self._endpoint, body=msgspec.json.encode(encode_spans(spans)))
        except urllib3.exceptions.HTTPError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if answer.status < 300 else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the connections."""
        self._pool.clear()


def encode_spans(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """Return an ``ExportTraceServiceRequest`` as plain data, grouped by resource and scope."""
    grouped: dict[int, tuple[Resource, dict[int, tuple[InstrumentationScope | None, list[Any]]]]] = {}
    for span in spans:
        scopes = grouped.setdefault(id(span.resource), (span.resource, {}))[1]
        scope = span.instrumentation_scope
        scopes.setdefault(id(scope), (scope, []))[1].append(_span(span))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource.attributes)},
                "scopeSpans": [
                    {
                        "scope": {"name": scope.name, "version": scope.version or ""} if scope else {},
                        "spans": encoded,
                    }
                    for scope, encoded in scopes.values()
                ],
            }
            for resource, scopes in grouped.values()
        ]
    }


def _span(span: ReadableSpan) -> dict[str, Any]:
    context = span.get_span_context()
    encoded: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "name": span.name,
        "kind": _KIND[span.kind],
        # 64-bit integers are strings in protobuf's JSON: a JavaScript number could not hold them.
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "flags": int(context.trace_flags),
        "attributes": _attributes(span.attributes),
    }
    if span.parent is not None:
        encoded["parentSpanId"] = f"{span.parent.span_id:016x}"
    if span.events:
        encoded["events"] = [
            {"name": e.name, "timeUnixNano": str(e.timestamp), "attributes": _attributes(e.attributes)}
            for e in span.events
        ]
    if span.links:
        encoded["links"] = [
            {
                "traceId": f"{link.context.trace_id:032x}",
                "spanId": f"{link.context.span_id:016x}",
                "attributes": _attributes(link.attributes),
            }
            for link in span.links
        ]
    if span.status.status_code is not StatusCode.UNSET:
        encoded["status"] = {
            "code": _STATUS[span.status.status_code],
            "message": span.status.description or "",
        }
    return encoded


def _attributes(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in (attributes or {}).items()]


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}
