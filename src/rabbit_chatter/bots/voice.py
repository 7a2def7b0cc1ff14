"""A dialect as a bot uses it: measured, traced, bounded, and never the end of a conversation by accident."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from opentelemetry import trace

from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.watch import ModelWatch
from rabbit_chatter.clock import monotonic
from rabbit_chatter.dialects import Dialect, Line
from rabbit_chatter.dialects.calls import observer
from rabbit_chatter.dialects.safe import safe
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import exemplar
from rabbit_chatter.telemetry.tracing import current_tracer, untraced

COMPOSE_TIMEOUT = 60.0
AT_A_LOSS = "…"

log = structlog.get_logger()


class Voice:
    """Wraps one bot's dialect.

    Args:
        dialect: what finds the words.
        name: the dialect's name, a label.
        metrics: of this process.
        capture_content: write what language models are asked and answer into traces.
    """

    def __init__(
        self, dialect: Dialect, name: str, metrics: BotMetrics, *, capture_content: bool = False
    ) -> None:
        self._dialect = dialect
        self.name = name
        self._metrics = metrics
        self._watch = ModelWatch(name, metrics.models, capture_content=capture_content)

    async def open(self, partner: str) -> str:
        """Return the first line of a conversation."""
        return await self._compose(lambda: self._dialect.open(partner)) or AT_A_LOSS

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        """Return the answer, or ``None`` if the dialect ends the conversation. Silence ends none."""
        text = await self._compose(lambda: self._dialect.answer(history, heard))
        return text if text is None else text or AT_A_LOSS

    async def tweet(self) -> str:
        """Return something to tell everybody."""
        return await self._compose(self._dialect.tweet) or AT_A_LOSS

    async def _compose(self, words: Callable[[], Awaitable[str | None]]) -> str | None:
        started = monotonic()
        watching = observer.set(self._watch)
        try:
            if untraced.get() is not None:
                text = await self._in_time(words)
            else:
                with current_tracer().start_as_current_span("compose", attributes={c.DIALECT: self.name}):
                    text = await self._in_time(words)
        except Exception as error:
            # A plug-in's failure is counted and traced; the partner gets a blank look, not silence.
            self._metrics.compose_failures.labels(self.name, type(error).__name__).inc()
            log.warning("dialect.failed", dialect=self.name, error=repr(error))
            text = AT_A_LOSS
        finally:
            observer.reset(watching)
        self._metrics.compose.labels(self.name).observe(monotonic() - started, exemplar())
        if text is not None:
            self._metrics.characters.labels(self.name).inc(len(text))
        return text

    async def _in_time(self, words: Callable[[], Awaitable[str | None]]) -> str | None:
        async with asyncio.timeout(COMPOSE_TIMEOUT):
            text = await words()
        if text is not None:
            text = safe(text)
            text = text if text.strip() else ""
            trace.get_current_span().set_attribute("chatter.text.length", len(text))
        return text
