"""Orders to all bot processes: who shall have how many bots."""

import sys

import httpx
import msgspec
from prometheus_client import CollectorRegistry

from rabbit_chatter.bots.cast import MOST_BOTS
from rabbit_chatter.bots.population import Orders
from rabbit_chatter.broker import Link, Publisher, client_properties, instrument
from rabbit_chatter.errors import ChatterError, DirectoryUnavailableError, UnroutableError
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, TelemetrySettings
from rabbit_chatter.telemetry.logs import configure_logs
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import Tracing

_NOBODY = "no process of bots is connected; start one with `rabbit-chatter up` or `rabbit-chatter bots`"


def shares(count: int, instances: list[str]) -> dict[str, int]:
    """Divide ``count`` bots among processes, as evenly as can be.

    Raises:
        ChatterError: there is no process, or there are too many bots for them.
    """
    if not instances:
        raise ChatterError(_NOBODY)
    if count > MOST_BOTS * len(instances):
        raise ChatterError(f"{count} bots are too many: a process carries {MOST_BOTS} at most; start more")
    each, more = divmod(count, len(instances))
    return {name: each + (number < more) for number, name in enumerate(sorted(instances))}


async def order(count: int, amqp_url: str, queue_manager: str) -> dict[str, int]:
    """Tell every process of bots how many it shall have; return what each was told, by instance.

    Args:
        count: of bots, in all processes together.
        amqp_url: RabbitMQ, as ``chatter-bot``.
        queue_manager: its address; it knows the processes.

    Raises:
        DirectoryUnavailableError: the queue-manager does not answer.
        ChatterError: no process of bots runs.
        NotConfirmedError: RabbitMQ does not answer.
    """
    told = shares(count, await _instances(queue_manager))
    telemetry = TelemetrySettings()
    configure_logs(telemetry.model_copy(update={"log_level": "ERROR"}), "chatter-cli", sys.stderr)
    tracing = Tracing(telemetry, "chatter-cli", "scale")
    tracing.install()
    metrics = Metrics(CollectorRegistry(), "cli")
    settings = BrokerSettings(amqp_url=amqp_url, publish_patience=10)
    link = Link(settings, "publish", client_properties("cli", "scale", ""), metrics)
    instrument(tracing, metrics, link.host, link.port)
    async with link:
        await tell(Publisher(link, settings, metrics, telemetry.topology), told)
    tracing.shutdown()
    return told


async def tell(publisher: Publisher, told: dict[str, int]) -> None:
    """Tell each process its share.

    Raises:
        ChatterError: no process of bots listens.
        NotConfirmedError: RabbitMQ does not answer.
    """
    text = msgspec.json.encode(Orders(told)).decode()
    try:
        await publisher.publish(Message(new_id(), Kind.CONTROL, "operator", text))
    except UnroutableError as error:
        raise ChatterError(_NOBODY) from error


async def _instances(queue_manager: str) -> list[str]:
    try:
        async with httpx.AsyncClient(base_url=queue_manager, timeout=10) as client:
            stats = (await client.get("/stats")).raise_for_status().json()
        return [found["instance"] for found in stats["components"] if found["component"] == "bots"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise DirectoryUnavailableError(
            f"the queue-manager at {queue_manager} does not answer ({error or type(error).__name__}); "
            "is it running? See `rabbit-chatter status`"
        ) from error
