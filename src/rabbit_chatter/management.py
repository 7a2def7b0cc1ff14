"""A read-only client of RabbitMQ's management API; only the queue-manager holds its credentials.

Two calls, each for everything at once and with ``columns=``, which makes a listing of 1,000 queues three
times cheaper for the broker than a full one. The user needs the tag ``monitoring`` and no permission to
configure, write or read. Works with RabbitMQ 3.10 to 4.x; a field that a version does not have is ``None``.

Source of paths and fields: https://www.rabbitmq.com/docs/http-api-reference.
"""

import asyncio
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from rabbit_chatter.errors import ManagementError
from rabbit_chatter.settings import ManagementSettings

# RabbitMQ writes an empty Erlang property list, where an object was meant, as `[]`.
_Empty = list[Any]

T = TypeVar("T")


class Rate(msgspec.Struct, gc=False):
    """How often something happens, per second, over the broker's last sampling interval."""

    rate: float = 0.0


class MessageStats(msgspec.Struct, gc=False):
    """Rates of one queue; a queue that nobody has used yet has none."""

    publish_details: Rate | _Empty | None = None
    deliver_get_details: Rate | _Empty | None = None


class Queue(msgspec.Struct, gc=False):
    """One queue, as the API lists it; the figures of a queue declared just now are not there yet.

    Not tracked by the garbage collector: ten thousand of these come at once, and none refers to another.
    """

    name: str
    type: str | None = None
    arguments: dict[str, Any] | _Empty | None = None
    messages: int | None = None
    messages_ready: int | None = None
    messages_unacknowledged: int | None = None
    consumers: int | None = None
    memory: int | None = None
    idle_since: str | None = None
    head_message_timestamp: int | None = None
    message_stats: MessageStats | _Empty | None = None

    @property
    def publish_rate(self) -> float:
        """Messages in, per second."""
        return _rate(self.message_stats, "publish_details")

    @property
    def deliver_rate(self) -> float:
        """Messages out, per second."""
        return _rate(self.message_stats, "deliver_get_details")

    def argument(self, key: str) -> object:
        """Return what the queue was declared with: of any type, or ``None``."""
        return self.arguments.get(key) if isinstance(self.arguments, dict) else None


class Connection(msgspec.Struct, gc=False):
    """One AMQP connection and what its client says of itself: text from anybody, of any type."""

    name: str = ""
    user: str | None = None
    client_properties: dict[str, Any] | _Empty | None = None

    def says(self, key: str) -> object:
        """Return a client property: of any type, or ``None``."""
        said = self.client_properties
        return said.get(key) if isinstance(said, dict) else None


def _rate(stats: MessageStats | _Empty | None, field: str) -> float:
    details = getattr(stats, field, None)
    return details.rate if isinstance(details, Rate) else 0.0


_QUEUE_COLUMNS = (
    "name,type,messages,messages_ready,messages_unacknowledged,consumers,memory,idle_since,"
    "head_message_timestamp,message_stats.publish_details.rate,message_stats.deliver_get_details.rate,"
    "arguments.x-chatter-dialect,arguments.x-chatter-instance"
)
_CONNECTION_COLUMNS = "name,user," + ",".join(
    f"client_properties.{key}" for key in ("product", "component", "instance", "version", "metrics")
)


class Management:
    """The management API of one broker and one virtual host.

    Args:
        settings: address, user, password, virtual host and time limit.

    Raises:
        ManagementError: the address is none, or contains a password, which would end up in traces.
    """

    def __init__(self, settings: ManagementSettings) -> None:
        self._settings = settings
        self.url = _checked(settings.url)
        self._client = httpx.AsyncClient(
            base_url=self.url,
            auth=(settings.user, settings.password.get_secret_value()),
            timeout=settings.timeout,
            headers={"accept-encoding": "identity"},  # compressing costs the broker more than loopback does
            trust_env=False,  # the way to the broker is not through a proxy
        )
        self._vhost = quote(settings.vhost, safe="")
        self._queues = msgspec.json.Decoder(list[Queue])
        self._connections = msgspec.json.Decoder(list[Connection])

    async def __aenter__(self) -> Self:
        """Return self; connections are opened as they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def queues(self) -> list[Queue]:
        """Return all queues of the virtual host, in the broker's order.

        Raises:
            ManagementError: the API does not answer, refuses, or answers what nobody can read.
        """
        return await self._get(f"/api/queues/{self._vhost}", _QUEUE_COLUMNS, self._queues)

    async def connections(self) -> list[Connection]:
        """Return all AMQP connections to the virtual host.

        Raises:
            ManagementError: the API does not answer, refuses, or answers what nobody can read.
        """
        path = f"/api/vhosts/{self._vhost}/connections"
        return await self._get(path, _CONNECTION_COLUMNS, self._connections)

    async def _get(self, path: str, columns: str, decoder: msgspec.json.Decoder[T]) -> T:
        answer = await self._ask(path, columns)
        if answer.status_code != httpx.codes.OK:
            raise self._refusal(answer.status_code)
        try:
            return decoder.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ManagementError(
                f"{self.url} does not answer like RabbitMQ's management API ({error}); "
                "check CHATTER_MANAGEMENT_URL",
                "malformed",
            ) from error

    async def _ask(self, path: str, columns: str) -> httpx.Response:
        seconds = self._settings.timeout
        try:
            async with asyncio.timeout(seconds):  # httpx limits each read, not the whole
                return await self._client.get(path, params={"columns": columns})
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ManagementError(
                f"RabbitMQ's management API at {self.url} did not answer within {seconds:g} s; "
                "is the broker overloaded? CHATTER_MANAGEMENT_TIMEOUT gives it longer",
                "timeout",
            ) from error
        except httpx.HTTPError as error:
            raise ManagementError(
                f"RabbitMQ's management API at {self.url} does not answer ({type(error).__name__}); check "
                "that the broker runs with the plugin rabbitmq_management, and CHATTER_MANAGEMENT_URL",
                "unreachable",
            ) from error

    def _refusal(self, status: int) -> ManagementError:
        user, vhost, url = self._settings.user, self._settings.vhost, self.url
        if status == httpx.codes.UNAUTHORIZED:
            return ManagementError(
                f"RabbitMQ at {url} refuses user {user!r}: check CHATTER_MANAGEMENT_USER and "
                "CHATTER_MANAGEMENT_PASSWORD, and that the user has the tag `monitoring`",
                "unauthorized",
            )
        if status == httpx.codes.NOT_FOUND:
            return ManagementError(
                f"RabbitMQ at {url} has no virtual host {vhost!r}, or user {user!r} has no entry in its "
                "permissions; load deployment/rabbitmq/definitions.json or set CHATTER_MANAGEMENT_VHOST",
                "not-found",
            )
        return ManagementError(
            f"RabbitMQ's management API at {url} answered {status}; its log says why", "status"
        )


def _checked(address: str) -> str:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.userinfo:
        raise ManagementError(
            "CHATTER_MANAGEMENT_URL contains a user or a password; "
            "put them into CHATTER_MANAGEMENT_USER and CHATTER_MANAGEMENT_PASSWORD",
            "configuration",
        )
    if url.scheme not in {"http", "https"} or not url.host:
        raise ManagementError(
            "CHATTER_MANAGEMENT_URL is no http address; write it like http://127.0.0.1:15672",
            "configuration",
        )
    return str(url).rstrip("/")
