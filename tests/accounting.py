"""Every message is accounted for: nothing lost, nothing handled twice.

The stream is the truth: the broker writes a message into it and into its queue by one and the same publish.
So for every direct message in the stream there must be a bot that handled it, once; or it must still be in
its queue; or it is a dead letter.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import aio_pika
import httpx

from rabbit_chatter import names
from support import eventually

_PATIENCE = 60.0  # seconds for one answer: a queue may be choosing another leader


class Broker(Protocol):
    """A RabbitMQ, and how to get in."""

    @property
    def management_url(self) -> str:
        """Address of the management API."""

    def amqp_url(self, user: str) -> str:
        """Return where and how ``user`` connects."""

    def password(self, user: str) -> str:
        """Return the password of ``user``."""


@dataclass
class Account:
    """Where each direct message is, by message id; of what was said, also what and to whom."""

    said: dict[str, str] = field(default_factory=dict)
    handled: Counter[str] = field(default_factory=Counter)
    left: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """Raise unless every message is somewhere, and none was handled twice."""
        twice = [message for message, times in self.handled.items() if times > 1]
        assert not twice, f"handled twice: {twice}"
        lost = {message: self.said[message] for message in self.said.keys() - self.handled.keys() - self.left}
        assert not lost, f"{len(lost)} of {len(self.said)} lost: {lost}"


async def account(broker: Broker, log: Iterable[dict[str, Any]]) -> Account:
    """Count once all bots have ended.

    Args:
        broker: where all that was said is kept; what is left in its queues is taken out.
        log: the lines that all processes of bots wrote, at level DEBUG.
    """
    handled = (line for line in log if line.get("event") == "message.handled" and line["kind"] == "dm")
    made = Account(handled=Counter(line["message_id"] for line in handled))
    async with await aio_pika.connect(broker.amqp_url("chatter-server")) as connection:
        made.said = {
            str(m.message_id): f"{m.routing_key} {m.body.decode()}" for m in await read_stream(connection)
        }
    async with (
        await aio_pika.connect(broker.amqp_url("chatter-bot")) as connection,
        httpx.AsyncClient(base_url=broker.management_url) as client,
    ):
        channel = await connection.channel()
        auth = ("chatter-manager", broker.password("chatter-manager"))
        queues = (await client.get("/api/queues/chatter", auth=auth)).raise_for_status().json()
        for queue in queues:
            if names.pair_of_dm_queue(queue["name"]):
                made.left |= await take_all(channel, queue["name"])
    made.left |= await dead_letters(broker)
    return made


async def read_stream(
    connection: aio_pika.abc.AbstractConnection,
) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Return all direct messages that were ever said."""
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=1000)
    stream = await channel.get_queue(names.FIREHOSE, ensure=False)
    got: list[aio_pika.abc.AbstractIncomingMessage] = []
    total = 0

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal total
        total += 1
        if message.type == "dm":
            got.append(message)
        await message.ack()

    await stream.consume(take, arguments={names.STREAM_OFFSET: "first"})
    before = -1

    def is_quiet() -> bool:
        nonlocal before
        quiet, before = total == before, total
        return quiet

    await asyncio.sleep(1)  # a stream has no end to wait for: silence is the sign
    await eventually(is_quiet)
    return got


async def take_all(channel: aio_pika.abc.AbstractChannel, name: str) -> set[str]:
    """Return the ids of what is in a queue."""
    queue = await channel.get_queue(name, ensure=False)
    ids = set()
    while message := await queue.get(fail=False, no_ack=True, timeout=_PATIENCE):
        ids.add(str(message.message_id))
    return ids


async def dead_letters(broker: Broker) -> set[str]:
    """Return the ids of dead letters, without taking them."""
    async with await aio_pika.connect(broker.amqp_url("chatter-server")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(names.DEAD_LETTERS, ensure=False)
        ids = set()
        while message := await queue.get(fail=False, timeout=_PATIENCE):
            ids.add(str(message.message_id))
        return ids
