"""What every process that talks over RabbitMQ has: two connections, a publisher and a consumer."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Self

from rabbit_chatter import __version__
from rabbit_chatter.broker.connection import Link
from rabbit_chatter.broker.consume import Consumer
from rabbit_chatter.broker.publish import Publisher
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics


class Node:
    """A process's place on the broker.

    One connection publishes and another consumes: an alarm makes RabbitMQ stop reading from a connection
    that publishes, and acknowledgements on it would wait as well
    (https://www.rabbitmq.com/docs/alarms#effects-on-clusters).

    Args:
        settings: address, user and password.
        metrics: of this process.
        topology: how traces are laid out.
        component: ``server`` or ``bots``.
        instance: name of this process among others of its kind.
        metrics_address: host:port where Prometheus reaches this process.
        prefetch: deliveries in hand per queue.
    """

    def __init__(  # noqa: PLR0913 - the composition root of the broker side
        self,
        settings: BrokerSettings,
        metrics: Metrics,
        topology: Topology,
        component: str,
        instance: str,
        metrics_address: str = "",
        prefetch: int = 1,
    ) -> None:
        self.settings = settings
        self.properties = client_properties(component, instance, metrics_address)
        self.publish_link = Link(settings, "publish", self.properties, metrics)
        self.publisher = Publisher(self.publish_link, settings, metrics, topology)
        self.consume_link = Link(settings, "consume", self.properties, metrics)
        self.consumer = Consumer(self.consume_link, self.publisher, metrics, prefetch, settings.concurrency)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin to connect; returns at once."""
        await self._stack.enter_async_context(self.publish_link)
        await self._stack.enter_async_context(self.consume_link)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close both connections, the consuming one first."""
        await self._stack.aclose()

    @property
    def ready(self) -> bool:
        """Whether both connections are open."""
        return self.publish_link.is_open and self.consume_link.is_open


def client_properties(component: str, instance: str, metrics_address: str) -> Mapping[str, str]:
    """Return what the broker tells others of us: Prometheus' targets are the list of connections."""
    return {
        "component": component,
        "instance": instance,
        "version": __version__,
        "metrics": metrics_address,
    }
