"""Tracing of a hop: the official instrumentation, and around it what it lacks.

The official package gives the PRODUCER and CONSUMER spans, propagation in the message's headers, and errors.
Added here, by one wrapper that goes on *before* it and is therefore the outermost at delivery:

* a span for the time in the queue, between publish and process, under the service ``rabbitmq``;
* today's names and attributes, a link to the creating span, and who is speaking;
* a short way for traces that are not sampled, which costs next to nothing.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import structlog
import wrapt
from aio_pika import Exchange, Queue
from aio_pika.abc import AbstractIncomingMessage
from opentelemetry import context, trace
from opentelemetry.instrumentation.aio_pika import AioPikaInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import Link, SpanContext

from rabbit_chatter.clock import now_ns
from rabbit_chatter.errors import TelemetryError
from rabbit_chatter.messages import SENT_HEADER
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry import traceparent
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import Hop, Tracing, hop, speaker, untraced

log = structlog.get_logger()

Callback = Callable[[AbstractIncomingMessage], Awaitable[Any]]
Turn = AbstractAsyncContextManager[None]
News = Callable[[AbstractIncomingMessage], bool]

_turn: ContextVar[Turn] = ContextVar("turn", default=nullcontext())  # noqa: B039 - it has no state
_news: ContextVar[News | None] = ContextVar("news", default=None)


@contextmanager
def taking_turns(turn: Turn) -> Iterator[None]:
    """Let each delivery to consumers that begin within the block be handled within ``turn``."""
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)


@contextmanager
def tracing_news(is_news: News) -> Iterator[None]:
    """Let consumers that begin within the block trace only news: the rest was traced when it was said."""
    token = _news.set(is_news)
    try:
        yield
    finally:
        _news.reset(token)


def instrument(tracing: Tracing, metrics: Metrics, host: str, port: int) -> None:
    """Let every publish and every delivery of this process be traced.

    Args:
        tracing: whose tracers make the spans.
        metrics: where deliveries without a usable ``traceparent`` are counted.
        host: the broker's, for ``server.address``.
        port: the broker's, for ``server.port``.

    Raises:
        TelemetryError: the official instrumentation did not take hold, as happens silently when its
            version does not fit aio-pika's. Traces would be missing, so we do not start.
    """

    async def consume(wrapped: Any, instance: Queue, args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - wrapt's
        # `args[0]` is the official instrumentation around our callback; this goes around both.
        layer = _outermost(tracing, metrics, instance, args[0], (host, port))
        if (is_news := _news.get()) is not None:
            layer = _only_news(layer, args[0], is_news)
        return await wrapped(layer, *args[1:], **kwargs)

    wrapt.wrap_function_wrapper(Queue, "consume", consume)
    AioPikaInstrumentor().instrument(raise_exception_on_conflict=True)
    _check_installed()


def uninstrument() -> None:
    """Undo :func:`instrument`; for tests and benchmarks, which need aio-pika bare again."""
    AioPikaInstrumentor().uninstrument()
    Queue.consume = inspect.unwrap(Queue.consume)  # type: ignore[method-assign]


def _check_installed() -> None:
    consume = vars(Queue)["consume"]
    twice = isinstance(consume, wrapt.FunctionWrapper) and isinstance(
        consume.__wrapped__, wrapt.FunctionWrapper
    )
    if not twice or not isinstance(vars(Exchange)["publish"], wrapt.FunctionWrapper):
        raise TelemetryError(
            "opentelemetry-instrumentation-aio-pika did not wrap aio-pika; install the versions that "
            "pyproject.toml pins: pip install --force-reinstall rabbit-chatter"
        )


def _outermost(
    tracing: Tracing, metrics: Metrics, queue: Queue, official: Callback, address: tuple[str, int]
) -> Callback:
    subscriber, turn = speaker.get(), _turn.get()

    async def delivered(message: AbstractIncomingMessage) -> Any:  # noqa: ANN401 - as aio-pika has it
        async with turn:  # until then a message waits, and its trace says so
            return await handled(message)

    async def handled(message: AbstractIncomingMessage) -> Any:  # noqa: ANN401 - as aio-pika has it
        # aio-pika runs each delivery as a task of its own, so what is set here ends with it.
        received = now_ns()
        speaker.set(subscriber)
        cause = traceparent.parse(message.headers.get(traceparent.HEADER))
        if cause is None:
            _refuse_context(message, metrics)
        elif not cause.trace_flags.sampled:
            return await _untraced(cause, official, message)
        else:
            _queue_wait(tracing, cause, message, received)
        hop.set(_process(message, queue.name, cause, address))
        return await official(message)

    return delivered


async def _untraced(cause: SpanContext, official: Callback, message: AbstractIncomingMessage) -> Any:  # noqa: ANN401
    """Skip all span work; the context stays, so that replies and log lines keep the trace's id."""
    untraced.set(traceparent.encode(cause))
    context.attach(trace.set_span_in_context(trace.NonRecordingSpan(cause)))
    with suppress_instrumentation():
        return await official(message)


def _only_news(traced: Callback, official: Callback, is_news: News) -> Callback:
    async def delivered(message: AbstractIncomingMessage) -> Any:  # noqa: ANN401 - as aio-pika has it
        if is_news(message):
            return await traced(message)
        with suppress_instrumentation():
            return await official(message)

    return delivered


def _refuse_context(message: AbstractIncomingMessage, metrics: Metrics) -> None:
    """Say that there is no usable trace context, and handle the message all the same, in a new trace."""
    value = message.headers.pop(traceparent.HEADER, None)
    message.headers.pop(traceparent.STATE_HEADER, None)
    problem = "missing" if value is None else "malformed"
    metrics.without_context.labels(c.template_of(message.routing_key or ""), problem).inc()
    log.info("traceparent.refused", problem=problem, value=repr(value)[:80], message_id=message.message_id)


def _queue_wait(
    tracing: Tracing, cause: SpanContext, message: AbstractIncomingMessage, received: int
) -> None:
    """Draw the time in the queue as a span, and let the consumer's span be its child."""
    if not isinstance(message.headers.get(traceparent.STATE_HEADER, ""), str):
        del message.headers[traceparent.STATE_HEADER]  # the official extraction fails on anything but text
    sent = message.headers.get(SENT_HEADER)
    if not isinstance(sent, int):
        return
    template = c.template_of(message.routing_key or "")
    waited = tracing.record(
        f"{c.QUEUE_WAIT_SPAN} {template}",
        cause,
        {c.SYSTEM: c.RABBITMQ, c.TEMPLATE: template},
        min(sent, received),  # clocks may disagree; a span never ends before it starts
        received,
    )
    message.headers[traceparent.HEADER] = traceparent.encode(waited)


def _process(
    message: AbstractIncomingMessage, queue: str, cause: SpanContext | None, address: tuple[str, int]
) -> Hop:
    key = message.routing_key or ""
    template = c.template_of(key)
    attributes = {
        c.SYSTEM: c.RABBITMQ,
        c.OPERATION_NAME: c.PROCESS,
        c.OPERATION_TYPE: c.PROCESS,
        c.DESTINATION: f"{message.exchange}:{key}:{queue}",
        c.TEMPLATE: template,
        c.ROUTING_KEY: key,
        c.BODY_SIZE: message.body_size,
        c.SERVER_ADDRESS: address[0],
        c.SERVER_PORT: address[1],
    }
    if message.message_id:
        attributes[c.MESSAGE_ID] = message.message_id
    if message.correlation_id:
        attributes[c.CONVERSATION_ID] = message.correlation_id
    if message.redelivered:
        attributes[c.REDELIVERED] = True
    return Hop(f"{c.PROCESS} {template}", attributes, [Link(cause)] if cause else ())
