"""One AMQP connection that comes back.

aio-pika has a "robust" connection of its own. It retries at a fixed pace, so that after a broker's restart
all clients knock at once; it declares anew even queues that were deleted meanwhile; and it restores
consumers inside another task, where context variables are gone (``docs/architecture.md``). Here, whoever
uses a link says once what is to be done whenever a channel is open, and that is done each time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from typing import Self

import aio_pika
import structlog
import tenacity
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AMQPChannelError
from yarl import URL

from rabbit_chatter.errors import BrokerRefusedError, BrokerUnavailableError, ChatterError
from rabbit_chatter.settings import BrokerSettings
from rabbit_chatter.tasks import ended
from rabbit_chatter.telemetry.metrics import Metrics

_CHANNELS = 2047  # on one connection, by RabbitMQ's default; the first is the link's own
_HEARTBEAT = 15  # seconds; a peer that vanished is noticed after two of them

log = structlog.get_logger()


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever aio-pika raises for a lost or refused channel into our own error.

    Calls that wait when a connection closes without a reason end in a bare ``Exception`` (aiormq's
    ``FutureStore.reject_all``), so the type alone does not tell.

    Raises:
        BrokerUnavailableError: the connection is gone.
        BrokerRefusedError: the broker closed the channel, and says why.
    """
    try:
        yield
    except ChatterError:
        raise
    except AMQPChannelError as error:
        raise BrokerRefusedError(f"the broker refused: {error}") from error
    except Exception as error:
        if isinstance(error, CONNECTION_EXCEPTIONS) or type(error) is Exception:
            raise BrokerUnavailableError(
                f"the connection was lost: {error or type(error).__name__}"
            ) from error
        raise


class Link:
    """A connection with one channel, opened again with backoff and jitter until it is closed.

    Args:
        settings: address, user and password.
        role: ``publish`` or ``consume``; a label of the connection metrics.
        properties: AMQP client properties; Prometheus' service discovery reads them from the broker.
        metrics: where reconnections are counted.

    Attributes:
        on_open: each is called with every new channel before anybody else may use it.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        role: str,
        properties: Mapping[str, str],
        metrics: Metrics,
    ) -> None:
        url = URL(settings.amqp_url.get_secret_value())
        self._url = url.update_query(heartbeat=url.query.get("heartbeat", _HEARTBEAT))
        self.host, self.port = url.host or "127.0.0.1", url.port or 5672
        self.role = role
        self._properties = {**properties, "connection_name": f"{properties['instance']} {role}"}
        self._metrics = metrics
        self.on_open: list[Callable[[AbstractChannel], Awaitable[None]]] = []
        self._max_delay = settings.reconnect_max_delay
        # aiormq would give a number again before RabbitMQ has seen that its last channel, which it closed
        # itself, is over: "second 'channel.open' seen", and the whole connection would be lost.
        self._numbers = cycle(range(2, _CHANNELS + 1))
        self._channel: AbstractChannel | None = None
        self._connection: AbstractConnection | None = None
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to connect; returns at once."""
        self._metrics.reconnects.labels(self.role)
        self._metrics.connected.labels(self.role).set(0)
        self._task = asyncio.create_task(self._run(), name=f"link {self.role}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection and stop."""
        if self._task is not None:
            await ended(self._task)

    @property
    def is_open(self) -> bool:
        """Whether a channel is usable now."""
        return self._ready.is_set()

    async def channel(self, patience: float) -> AbstractChannel:
        """Return the open channel, waiting up to ``patience`` seconds for it.

        Raises:
            BrokerUnavailableError: there was none in time.
        """
        if not self._ready.is_set():
            try:
                async with asyncio.timeout(patience):
                    await self._ready.wait()
            except TimeoutError:
                where = f"{self.host}:{self.port}"
                raise BrokerUnavailableError(
                    f"RabbitMQ at {where} did not answer for {patience:g} s"
                ) from None
        if self._channel is None:  # closed between the event and here
            raise BrokerUnavailableError("the connection was lost again")
        return self._channel

    async def scratch(self) -> AbstractChannel:
        """Return a second channel for a declaration that may be refused, which closes its channel.

        Raises:
            BrokerUnavailableError: the connection is not open.
        """
        if self._connection is None or self._connection.is_closed:
            raise BrokerUnavailableError("not connected")
        for number in islice(self._numbers, _CHANNELS):
            with suppress(ValueError):  # in use
                return await self._connection.channel(channel_number=number)
        raise BrokerUnavailableError(f"all {_CHANNELS} channels of the connection are in use")

    async def _run(self) -> None:
        try:
            while True:
                channel = await self._open()
                await channel.closed()
                self._lost()
        finally:
            self._ready.clear()
            if self._connection is not None:
                await self._connection.close()

    def _lost(self) -> None:
        self._ready.clear()
        self._channel = None
        self._metrics.connected.labels(self.role).set(0)
        self._metrics.reconnects.labels(self.role).inc()
        log.warning("broker.connection_lost", link=self.role)

    async def _open(self) -> AbstractChannel:
        attempts = tenacity.AsyncRetrying(
            wait=tenacity.wait_random_exponential(0.2, max=self._max_delay),
            retry=tenacity.retry_if_exception_type((BrokerUnavailableError, TimeoutError)),
            before_sleep=self._refused,
        )
        channel: AbstractChannel = await attempts(self._open_once)
        self._channel = channel
        self._ready.set()
        self._metrics.connected.labels(self.role).set(1)
        log.info("broker.connected", link=self.role, host=self.host, port=self.port)
        return channel

    async def _open_once(self) -> AbstractChannel:
        with translated():
            if self._connection is not None:
                await self._connection.close()
            self._connection = await aio_pika.connect(
                self._url, client_properties={"product": "rabbit-chatter", **self._properties}, timeout=10
            )
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            for prepare in self.on_open:
                await prepare(channel)
            return channel

    def _refused(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause = round(state.next_action.sleep, 2) if state.next_action else None
        log.warning("broker.unavailable", link=self.role, error=str(error), retry_in_seconds=pause)
