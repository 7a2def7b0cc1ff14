"""Say something: confirmed by the broker, routed to a queue, or refused by name."""

from datetime import UTC, datetime
from typing import cast

import tenacity
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError
from aio_pika.exceptions import PublishError as AmqpReturn
from aiormq import spec
from aiormq.channel import Channel as UnderlayChannel
from opentelemetry import context, trace
from pamqp.common import FieldTable

from rabbit_chatter.broker.connection import Link
from rabbit_chatter.clock import NANOSECONDS, monotonic, now_ns
from rabbit_chatter.errors import (
    BrokerUnavailableError,
    MessageTooLargeError,
    NotConfirmedError,
    PublishError,
    UnroutableError,
)
from rabbit_chatter.messages import (
    APP_ID,
    CONTENT_TYPE,
    MAX_BODY_BYTES,
    SENT_HEADER,
    Message,
    encode_body,
)
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.metrics import Children, Metrics, exemplar
from rabbit_chatter.telemetry.tracing import Hop, hop, untraced

_PERSISTENT = 2


class Outgoing:
    """Body and properties for one publish.

    It stands in for :class:`aio_pika.Message`, which builds its properties anew each time they are looked
    at and guards every attribute; together that is a fifth of a publish (``docs/performance.md``).
    """

    __slots__ = ("body", "headers", "kind", "properties")

    def __init__(
        self, body: bytes, kind: str, headers: FieldTable, properties: spec.Basic.Properties
    ) -> None:
        self.body = body
        self.kind = kind
        self.headers = headers
        self.properties = properties


class Publisher:
    """Publishes with confirms on a connection of its own, which a broker alarm may block whole.

    Args:
        link: the publishing connection.
        settings: how long to wait for a confirm, and how long to try.
        metrics: what happened is counted here.
        topology: whether a message continues its cause's trace or begins one that links to it.
    """

    def __init__(self, link: Link, settings: BrokerSettings, metrics: Metrics, topology: Topology) -> None:
        self._link = link
        self._timeout = settings.publish_timeout
        self._patience = settings.publish_patience
        self._topology = topology
        self._sent = Children(metrics.sent)
        self._duration = Children(metrics.confirm)
        self._exchanges: dict[tuple[AbstractChannel, str], AbstractExchange] = {}

    async def publish(self, message: Message) -> None:
        """Publish ``message`` and return once a queue has it.

        A lost confirm is answered by publishing again under the same id; consumers tell the two apart.

        Raises:
            MessageTooLargeError: the body is over :data:`~rabbit_chatter.messages.MAX_BODY_BYTES`.
            UnroutableError: no queue is bound to the routing key.
            NotConfirmedError: not confirmed within the patience of the settings.
        """
        body = encode_body(message)
        if len(body) > MAX_BODY_BYTES:
            self._sent[message.kind, "too-large"].inc()
            raise MessageTooLargeError(f"{len(body)} bytes of {message.kind}; the limit is {MAX_BODY_BYTES}")
        await self.send(
            message.exchange, message.routing_key, body, message.id, message.kind, message.conversation
        )

    async def send(  # noqa: PLR0913 - these are what AMQP sends
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        message_id: str,
        kind: str,
        conversation: str | None = None,
        headers: FieldTable | None = None,
    ) -> None:
        """Publish any body under our delivery guarantees; see :meth:`publish` for what it raises."""
        headers = headers or {}
        outgoing = Outgoing(
            body,
            kind,
            headers,
            spec.Basic.Properties(
                content_type=CONTENT_TYPE,
                headers=headers,
                delivery_mode=_PERSISTENT,
                correlation_id=conversation,
                message_id=message_id,
                message_type=kind,
                app_id=APP_ID,
            ),
        )
        try:
            await self._once(exchange, routing_key, outgoing)
        except (NotConfirmedError, BrokerUnavailableError):
            await self._again(exchange, routing_key, outgoing)

    async def _again(self, exchange: str, routing_key: str, outgoing: Outgoing) -> None:
        attempts = tenacity.AsyncRetrying(
            wait=tenacity.wait_random_exponential(0.1, max=2),
            stop=tenacity.stop_after_delay(self._patience),
            retry=tenacity.retry_if_exception_type((NotConfirmedError, BrokerUnavailableError)),
            reraise=True,
        )
        try:
            await attempts(self._once, exchange, routing_key, outgoing)
        except BrokerUnavailableError as error:
            raise NotConfirmedError(str(error)) from error

    async def _once(self, exchange: str, routing_key: str, outgoing: Outgoing) -> None:
        properties = outgoing.properties
        kind = outgoing.kind
        channel = await self._link.channel(self._patience)
        sent, started = now_ns(), monotonic()
        outgoing.headers[SENT_HEADER] = sent
        properties.timestamp = datetime.fromtimestamp(sent // NANOSECONDS, UTC)
        try:
            if (passing := untraced.get()) is not None and self._topology is Topology.TRACE:
                outgoing.headers["traceparent"] = passing
                await self._write(channel, exchange, routing_key, outgoing)
            else:
                await self._traced(channel, exchange, routing_key, outgoing)
        except Exception as error:
            raise self._failed(error, kind, routing_key) from error
        self._sent[kind, ""].inc()
        self._duration[kind, c.PUBLISH].observe(monotonic() - started, exemplar())

    async def _write(
        self, channel: AbstractChannel, exchange: str, routing_key: str, outgoing: Outgoing
    ) -> None:
        """Publish below the instrumentation; the confirm alone is waited for, not the socket as well."""
        underlay = cast("UnderlayChannel", await channel.get_underlay_channel())
        await underlay.basic_publish(
            outgoing.body,
            exchange=exchange,
            routing_key=routing_key,
            properties=outgoing.properties,
            mandatory=True,
            timeout=self._timeout,
            wait=False,
        )

    async def _traced(
        self, channel: AbstractChannel, exchange: str, routing_key: str, outgoing: Outgoing
    ) -> None:
        """Publish through the official instrumentation, telling it what the span is and where it hangs."""
        described = self._describe(exchange, routing_key, outgoing)
        detached = None
        if self._topology is Topology.LINK:
            cause = trace.get_current_span().get_span_context()
            described = described._replace(links=[trace.Link(cause)] if cause.is_valid else ())
            detached = context.attach(context.Context())
        token = hop.set(described)
        try:
            if (target := self._exchanges.get((channel, exchange))) is None:
                target = await channel.get_exchange(exchange, ensure=False)
                self._exchanges = {(channel, exchange): target}  # of this channel only; nearly all go to one
            await target.publish(cast("AbstractMessage", outgoing), routing_key, timeout=self._timeout)
        finally:
            hop.reset(token)
            if detached is not None:
                context.detach(detached)

    def _failed(self, error: Exception, template: str, routing_key: str) -> Exception:
        """Count a failed attempt and say in our words what it was."""
        ours: PublishError
        if isinstance(error, AmqpReturn):
            kind, ours = "unroutable", UnroutableError(f"no queue is bound to {routing_key!r}")
        elif isinstance(error, DeliveryError):
            kind, ours = "nacked", NotConfirmedError("the broker refused the message")
        elif isinstance(error, TimeoutError):
            kind, ours = "not-confirmed", NotConfirmedError(f"not confirmed within {self._timeout:g} s")
        elif isinstance(error, CONNECTION_EXCEPTIONS) or type(error) is Exception:
            kind, ours = "disconnected", NotConfirmedError(f"connection lost: {error}")
        else:
            return error
        self._sent[template, kind].inc()
        return ours

    def _describe(self, exchange: str, routing_key: str, outgoing: Outgoing) -> Hop:
        properties = outgoing.properties
        template = outgoing.kind
        attributes = {
            c.SYSTEM: c.RABBITMQ,
            c.OPERATION_NAME: c.PUBLISH,
            c.OPERATION_TYPE: c.SEND,
            c.DESTINATION: f"{exchange}:{routing_key}",
            c.TEMPLATE: template,
            c.ROUTING_KEY: routing_key,
            c.MESSAGE_ID: properties.message_id,
            c.BODY_SIZE: len(outgoing.body),
            c.SERVER_ADDRESS: self._link.host,
            c.SERVER_PORT: self._link.port,
        }
        if properties.correlation_id:
            attributes[c.CONVERSATION_ID] = properties.correlation_id
        return Hop(f"{c.PUBLISH} {template}", attributes)
