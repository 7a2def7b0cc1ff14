"""What is measured and traced of a dialect's calls of language models, by OpenTelemetry's GenAI conventions.

What was asked and answered is content that may be private: it is recorded only when asked for, with
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT``.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode

from rabbit_chatter.bots.metrics import ModelMetrics
from rabbit_chatter.clock import monotonic
from rabbit_chatter.dialects.calls import Fallback, ModelCall, ModelRequest, Spoken, Unit
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import exemplar
from rabbit_chatter.telemetry.tracing import current_tracer, untraced


class ModelWatch:
    """Watches the calls of one dialect; an :class:`rabbit_chatter.dialects.calls.Observer`.

    Args:
        dialect: its name, a label.
        metrics: of this process.
        capture_content: record what was asked and answered.
    """

    def __init__(self, dialect: str, metrics: ModelMetrics, *, capture_content: bool = False) -> None:
        self._dialect = dialect
        self._metrics = metrics
        self._capture = capture_content

    @contextmanager
    def calling(self, request: ModelRequest) -> Iterator[ModelCall]:
        """Draw a span around a call, and count its time, its tokens and how it ended."""
        call, began, error_type = ModelCall(), monotonic(), ""
        with self._span(request) as span:
            try:
                yield call
            except BaseException as error:
                error_type = getattr(error, "kind", type(error).__name__)
                span.set_attribute(c.ERROR_TYPE, error_type)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                raise
            finally:
                self._describe(span, request, call)
                self._count(request, call, monotonic() - began, error_type)

    def fell_back(self, why: Fallback) -> None:
        """Count a text that another dialect composed."""
        self._metrics.begin_at_zero(self._dialect)
        self._metrics.fallbacks.labels(self._dialect, why).inc()

    def budget(self, unit: Unit, used: float) -> None:
        """Show which share of an hour's budget is used."""
        self._metrics.budget.labels(self._dialect, unit).set(used)

    def circuit(self, *, is_open: bool) -> None:
        """Show whether the endpoint is left alone."""
        self._metrics.circuit.labels(self._dialect).set(is_open)

    def _span(self, request: ModelRequest) -> AbstractContextManager[Span]:
        if untraced.get() is not None:
            return nullcontext(INVALID_SPAN)
        attributes: dict[str, Any] = {
            c.GEN_AI_OPERATION: c.CHAT,
            c.GEN_AI_PROVIDER: request.provider,
            c.GEN_AI_MODEL: request.model,
            c.GEN_AI_MAX_TOKENS: request.max_tokens,
            c.GEN_AI_TEMPERATURE: request.temperature,
            c.GEN_AI_SEED: request.seed,
            c.GEN_AI_STREAM: request.stream or None,
            c.SERVER_ADDRESS: request.address,
            c.SERVER_PORT: request.port,
            c.DIALECT: self._dialect,
        }
        return current_tracer().start_as_current_span(
            f"{c.CHAT} {request.model}",
            kind=SpanKind.CLIENT,
            attributes={name: value for name, value in attributes.items() if value is not None},
            record_exception=False,
        )

    def _describe(self, span: Span, request: ModelRequest, call: ModelCall) -> None:
        found: dict[str, Any] = {
            c.GEN_AI_RESPONSE_ID: call.id,
            c.GEN_AI_RESPONSE_MODEL: call.model,
            c.GEN_AI_FINISH_REASONS: call.finish_reason and [call.finish_reason],
            c.GEN_AI_FIRST_CHUNK: call.first_chunk,
            c.GEN_AI_INPUT_TOKENS: call.input_tokens,
            c.GEN_AI_OUTPUT_TOKENS: call.output_tokens,
        }
        span.set_attributes({name: value for name, value in found.items() if value is not None})
        if self._capture and span.is_recording():
            system = [
                {"type": "text", "content": said.text} for said in request.messages if said.role == "system"
            ]
            span.set_attribute(c.GEN_AI_SYSTEM_INSTRUCTIONS, json.dumps(system))
            asked = [_message(said) for said in request.messages if said.role != "system"]
            span.set_attribute(c.GEN_AI_INPUT, json.dumps(asked))
            answered = _message(Spoken("assistant", call.text)) | {
                "finish_reason": call.finish_reason or "error"
            }
            span.set_attribute(c.GEN_AI_OUTPUT, json.dumps([answered]))

    def _count(self, request: ModelRequest, call: ModelCall, seconds: float, error_type: str) -> None:
        metrics, labels = self._metrics, (c.CHAT, request.provider, request.model)
        metrics.begin_at_zero(self._dialect)
        metrics.duration.labels(*labels, error_type).observe(seconds, exemplar())
        if call.first_chunk is not None:
            metrics.first_chunk.labels(*labels).observe(call.first_chunk, exemplar())
        for kind, tokens in (("input", call.input_tokens), ("output", call.output_tokens)):
            if tokens is not None:
                metrics.tokens.labels(*labels, kind).observe(tokens, exemplar())
        metrics.cost.labels(self._dialect).inc(call.cost)


def _message(said: Spoken) -> dict[str, object]:
    """Return a message in the form of the conventions' JSON schema."""
    return {"role": said.role, "parts": [{"type": "text", "content": said.text}]}
