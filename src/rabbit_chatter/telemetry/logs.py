"""Structured log lines: JSON for machines, colours for people, and the trace they belong to.

Our own lines go through structlog straight to a byte stream; lines of libraries (aio-pika, uvicorn) are
standard :mod:`logging` records and pass through the same processors, so that every line has
``timestamp``, ``level``, ``event``, ``service``, and inside a span ``trace_id`` and ``span_id``.
"""

import logging
import sys
from typing import TextIO

import msgspec
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from rabbit_chatter.settings import TelemetrySettings


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the current span's ids, as they are written in Jaeger and in exemplars."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def configure_logs(settings: TelemetrySettings, service: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to standard output, as ``settings`` say.

    Args:
        settings: format and level.
        service: value of ``service`` in each line.
        stream: instead of standard output.
    """
    stream = stream or sys.stdout

    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    people = settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        add_service,
        add_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *_rendering(people=people)],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(stream)
        if people
        else structlog.BytesLoggerFactory(stream.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_foreign(people=people)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # Reconnecting is our own code's business and is logged there once, not once per layer.
    for noisy in (
        "aiormq",
        "aio_pika",
        "httpx",
        "httpcore",
        "httpx2",
        "httpcore2",
        "openai",
        "urllib3",
        "asyncio",
    ):
        logging.getLogger(noisy).setLevel("ERROR")


def _rendering(*, people: bool) -> list[Processor]:
    if people:
        return [structlog.dev.ConsoleRenderer(pad_event_to=28)]
    return [_exceptions(), structlog.processors.JSONRenderer(serializer=_dump)]


def _foreign(*, people: bool) -> list[Processor]:
    if people:
        return [structlog.dev.ConsoleRenderer(pad_event_to=28)]
    return [
        _exceptions(),
        structlog.processors.JSONRenderer(serializer=lambda *a, **k: _dump(*a, **k).decode()),
    ]


def _exceptions() -> Processor:
    # Local variables would put messages, and one day a password, into the log.
    return structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )


def _dump(event: EventDict, **_options: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
