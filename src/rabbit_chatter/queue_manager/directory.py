"""What the queue-manager knows: one cache of queues, one of connections, and its own address."""

import asyncio
import socket

from opentelemetry.instrumentation.utils import suppress_http_instrumentation

from rabbit_chatter import __version__
from rabbit_chatter.management import Management
from rabbit_chatter.queue_manager.cache import Cache
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.queue_manager.models import Component, TargetGroup
from rabbit_chatter.queue_manager.snapshot import (
    ConnectionView,
    QueueView,
    target,
    view_connections,
    view_queues,
)

COMPONENT = "queue-manager"

_PATIENCE = 1.0  # seconds for an address of a name; Prometheus waits for five


class Directory:
    """The broker as a directory.

    Args:
        management: where the lists come from.
        refresh: seconds for which a list is good.
        metrics: of the calls.
        instance: this process's name among others of its kind.

    Attributes:
        address: host:port of our own ``/metrics``, known once we listen; we have no AMQP connection that
            could tell.
    """

    def __init__(
        self, management: Management, refresh: float, metrics: ManagementMetrics, instance: str
    ) -> None:
        async def queues() -> QueueView:
            listed = await management.queues()
            return await asyncio.to_thread(view_queues, listed)  # others are answered meanwhile

        async def connections() -> ConnectionView:
            return view_connections(await management.connections())

        self.queues = Cache("queues", queues, refresh, metrics)
        self.connections = Cache("connections", connections, refresh, metrics)
        self.address = ""
        self._instance = instance

    async def close(self) -> None:
        """Give up calls that are under way."""
        await self.queues.close()
        await self.connections.close()

    def ready(self) -> bool:
        """Whether the management API answered last time; asks it again, for next time, if that is due.

        Nobody's request causes this call, and a trace of it alone would explain nothing.
        """
        with suppress_http_instrumentation():
            self.queues.touch()
            self.connections.touch()
        return self.queues.healthy and self.connections.healthy

    async def own_targets(self) -> list[TargetGroup]:
        """Return ourselves as Prometheus' target, as soon as we listen.

        Where our name has several addresses, there is one of us behind each: so it is with a headless service
        of Kubernetes (https://kubernetes.io/docs/concepts/services-networking/service/#headless-services),
        and no other way leads from one queue-manager to the next.
        """
        if not self.address:
            return []
        host, _, port = self.address.rpartition(":")
        addresses = await _addresses(host)
        if len(addresses) < 2:
            return [target(Component(COMPONENT, self._instance, __version__, self.address))]
        return [target(Component(COMPONENT, "", __version__, f"{one}:{port}")) for one in addresses]


async def _addresses(host: str) -> list[str]:
    """Return the addresses of a name, of the kind that is preferred here; none where nobody knows any."""
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # TimeoutError is one; a name that is none is another
        return []
    kind = found[0][0]
    plain = {str(address[0]) for family, *_, address in found if family == kind}
    return sorted(f"[{one}]" if kind == socket.AF_INET6 else one for one in plain)
