"""Read OTLP trace requests, as protobuf and as JSON.

Protobuf is parsed by OpenTelemetry's official classes. JSON has the same fields but for the ids, which are
hexadecimal (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), and unknown fields
are ignored; a typed decoder in C reads it, much faster than protobuf's own JSON parser in Python.
"""

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rabbit_chatter.errors import ChatterError
from rabbit_chatter.server.traces.span import Event, Link, Span

_KINDS = ("internal", "internal", "server", "client", "producer", "consumer")  # by their numbers
_ERROR = 2  # the status code
_TRACE_ID, _SPAN_ID = re.compile(r"(?!0{32})[0-9a-f]{32}"), re.compile(r"(?!0{16})[0-9a-f]{16}")
_LONGEST_US = 2**53  # what a JavaScript number holds exactly


class BadRequestError(ChatterError, ValueError):
    """A request is not OTLP."""


class _Wire(msgspec.Struct, rename="camel", gc=False):
    """Part of a request; JSON may say ``null`` for whatever is left out."""


class _Value(_Wire):
    """One of these fields is there; lists and maps hold further values."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None  # 64 bits do not fit into a JavaScript number
    double_value: float | str | None = None  # NaN and Infinity are text
    bytes_value: str | None = None
    array_value: "_List | None" = None
    kvlist_value: "_Map | None" = None

    def plain(self) -> Any:  # noqa: ANN401 - any of OTLP's types
        """Return what it says."""
        if self.string_value is not None:
            return self.string_value
        if self.int_value is not None:
            return int(self.int_value)
        if self.array_value is not None:
            return [value.plain() for value in self.array_value.values or ()]
        if self.kvlist_value is not None:
            return _attributes(self.kvlist_value.values)
        others = (self.bool_value, self.double_value, self.bytes_value)
        return next((value for value in others if value is not None), None)


class _Attribute(_Wire):
    key: str = ""
    value: _Value | None = None


class _List(_Wire):
    values: list[_Value] | None = None


class _Map(_Wire):
    values: list[_Attribute] | None = None


class _Event(_Wire):
    name: str = ""
    time_unix_nano: int | str | None = None
    attributes: list[_Attribute] | None = None


class _Link(_Wire):
    trace_id: str = ""
    span_id: str = ""


class _Status(_Wire):
    code: int | None = None
    message: str | None = None


class _Span(_Wire):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    name: str = ""
    kind: int | None = None
    start_time_unix_nano: int | str | None = None
    end_time_unix_nano: int | str | None = None
    attributes: list[_Attribute] | None = None
    events: list[_Event] | None = None
    links: list[_Link] | None = None
    status: _Status | None = None


class _Scope(_Wire):
    spans: list[_Span] | None = None


class _Resource(_Wire):
    attributes: list[_Attribute] | None = None


class _ResourceSpans(_Wire):
    resource: _Resource | None = None
    scope_spans: list[_Scope] | None = None


class _Request(_Wire):
    resource_spans: list[_ResourceSpans] | None = None


class _Answer(_Wire):
    result: _Request


_decoder = msgspec.json.Decoder(_Request)
_answers = msgspec.json.Decoder(_Answer)


def read_json(body: bytes) -> tuple[list[Span], int]:
    """Return the spans of a JSON request, and how many could not be read.

    Raises:
        BadRequestError: it is not such a request.
    """
    try:
        return _spans(_decoder.decode(body), str.lower)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequestError(f"this is no ExportTraceServiceRequest in JSON: {error}") from error


def read_protobuf(body: bytes) -> tuple[list[Span], int]:
    """Return the spans of a protobuf request, and how many could not be read.

    Raises:
        BadRequestError: it is not such a request.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
        said = json_format.MessageToDict(request, use_integers_for_enums=True)
        return _spans(msgspec.convert(said, _Request), _hex)
    except (DecodeError, json_format.Error, msgspec.MsgspecError, RecursionError) as error:
        raise BadRequestError(f"this is no ExportTraceServiceRequest in protobuf: {error}") from error


def read_jaeger(body: bytes) -> list[Span]:
    """Return the spans of an answer of Jaeger's ``/api/v3/traces/{id}``, which is OTLP in a ``result``.

    Raises:
        BadRequestError: it is not such an answer.
    """
    try:
        return _spans(_answers.decode(body).result, str.lower)[0]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequestError(f"this is no trace of Jaeger's: {error}") from error


def _spans(request: _Request, hexadecimal: Callable[[str], str]) -> tuple[list[Span], int]:
    good, bad = [], 0
    for resource, said in _flat(request):
        try:
            good.append(_span(said, resource, hexadecimal))
        except (ValueError, OverflowError):
            bad += 1
    return good, bad


def _flat(request: _Request) -> Iterator[tuple[dict[str, Any], _Span]]:
    for group in request.resource_spans or ():
        resource = _attributes(group.resource.attributes if group.resource else None)
        for scope in group.scope_spans or ():
            for span in scope.spans or ():
                yield resource, span


def _span(said: _Span, resource: dict[str, Any], hexadecimal: Callable[[str], str]) -> Span:
    trace_id, span_id = hexadecimal(said.trace_id), hexadecimal(said.span_id)
    if not _TRACE_ID.fullmatch(trace_id) or not _SPAN_ID.fullmatch(span_id):
        raise ValueError("the ids are none")
    parent = hexadecimal(said.parent_span_id or "")
    start, end = _microseconds(said.start_time_unix_nano), _microseconds(said.end_time_unix_nano)
    status = said.status or _Status()
    kind = said.kind or 0
    return Span(
        trace_id,
        span_id,
        parent if _SPAN_ID.fullmatch(parent) else None,
        said.name,
        str(resource.get("service.name", "unknown_service")),
        str(resource.get("service.instance.id", "")),
        _KINDS[kind] if kind < len(_KINDS) else "internal",
        start,
        max(end - start, 0),
        status.code == _ERROR,
        status.message or "",
        _attributes(said.attributes),
        [
            Event(e.name, _microseconds(e.time_unix_nano), _attributes(e.attributes))
            for e in said.events or ()
        ],
        [Link(hexadecimal(link.trace_id), hexadecimal(link.span_id)) for link in said.links or ()],
    )


def _attributes(said: list[_Attribute] | None) -> dict[str, Any]:
    return {one.key: one.value.plain() if one.value else None for one in said or ()}


def _microseconds(nanoseconds: int | str | None) -> int:
    moment = int(nanoseconds or 0) // 1000
    if not 0 <= moment < _LONGEST_US:
        raise ValueError("that is no moment")
    return moment


def _hex(text: str) -> str:
    """Return an id that protobuf's JSON wrote as base64 in hexadecimal."""
    return base64.b64decode(text).hex()
