"""``POST /v1/traces``: an OTLP/HTTP receiver, as https://opentelemetry.io/docs/specs/otlp/#otlphttp asks.

====================================  ======  =====================================================
a request that …                      status  and the sender
====================================  ======  =====================================================
was taken                             200     learns how many spans could not be kept, if any
cannot be read                        400     gives it up
is larger than allowed                413     gives it up
is in another encoding                415     gives it up
comes while too many wait             429     tries again after ``Retry-After``
cannot be written down                503     likewise
====================================  ======  =====================================================

A failure's body is a ``google.rpc.Status`` in the request's own encoding, as the specification asks.
"""

import zlib
from typing import NamedTuple

from fastapi import FastAPI, HTTPException, Request, Response
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from rabbit_chatter.server.guard import check_is_own, read_body
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.server.traces.keeper import BusyError, Keeper, Read, StoreError
from rabbit_chatter.server.traces.otlp import BadRequestError, read_json, read_protobuf

PATH = "/v1/traces"
MAX_BODY_BYTES = 4 * 1024 * 1024  # as gRPC's default, which Collectors keep to

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_READ: dict[str, Read] = {_JSON: read_json, _PROTOBUF: read_protobuf}
_RETRY_AFTER = {"retry-after": "1"}
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's way to say: a gzip header and nothing else
# Codes of google.rpc.Code (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
_CODES = {400: 3, 403: 7, 401: 16, 413: 8, 415: 3, 429: 8, 503: 14}

_BODY = {"requestBody": {"required": True, "content": {kind: {} for kind in _READ}}}


class _Problem(NamedTuple):
    status: int
    detail: str
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, never changed


def add_receiver(app: FastAPI, keeper: Keeper, metrics: ServerMetrics) -> None:
    """Receive spans into ``keeper``."""

    @app.post(PATH, tags=["traces"], response_class=Response, openapi_extra=_BODY)
    async def traces(request: Request) -> Response:
        """Take an ``ExportTraceServiceRequest`` (OTLP/HTTP), protobuf or JSON, gzip or not."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            check_is_own(request)
            read = _reader(kind)
            body = _unpacked(await read_body(request, MAX_BODY_BYTES), request)
            kept, refused = await keeper.take(read, body)
        except HTTPException as error:
            return _failure(kind, _Problem(error.status_code, str(error.detail), dict(error.headers or {})))
        except BadRequestError as error:
            return _failure(kind, _Problem(400, str(error)[:500]))
        except BusyError as error:
            return _failure(kind, _Problem(429, str(error), _RETRY_AFTER))
        except StoreError as error:
            return _failure(kind, _Problem(503, str(error), _RETRY_AFTER))
        metrics.received(kept, refused)
        return _answer(kind, _thanks(refused), 200)


def _reader(kind: str) -> Read:
    if kind not in _READ:
        raise HTTPException(415, f"send {_PROTOBUF} or {_JSON}")
    return _READ[kind]


def _thanks(refused: int) -> ExportTraceServiceResponse:
    answer = ExportTraceServiceResponse()
    if refused:
        answer.partial_success.rejected_spans = refused
        answer.partial_success.error_message = "ids or times are none, or a span or its trace is too large"
    return answer


def _failure(kind: str, problem: _Problem) -> Response:
    status = Status(code=_CODES.get(problem.status, 2), message=problem.detail)
    return _answer(kind, status, problem.status, problem.headers)


def _answer(kind: str, said: Message, status: int, headers: dict[str, str] | None = None) -> Response:
    if kind == _PROTOBUF:
        return Response(said.SerializeToString(), status, headers, _PROTOBUF)
    return Response(json_format.MessageToJson(said, indent=None), status, headers, _JSON)


def _unpacked(body: bytes, request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise HTTPException(415, "send it with the content-encoding gzip, or without one")
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise BadRequestError(f"this is no gzip: {error}") from error
    if unpacker.unconsumed_tail:
        raise HTTPException(413, f"the limit is {MAX_BODY_BYTES} bytes, unpacked")
    if not unpacker.eof:
        raise BadRequestError("this gzip ends too early")
    return plain
