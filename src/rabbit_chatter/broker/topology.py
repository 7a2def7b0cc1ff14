"""Declarations that bots make themselves.

What outlives them (exchanges, the stream, dead letters, and the policy that gives a conversation's queue
its expiry, limits and dead-letter exchange) is in ``deployment/rabbitmq/definitions.json`` and is there
before anybody connects. A policy can be changed while the queues live; arguments could not.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPChannelError
from aiormq.exceptions import ChannelLockedResource

from rabbit_chatter import names
from rabbit_chatter.errors import NameTakenError
from rabbit_chatter.settings import QueueType

Channel = AbstractChannel

DIALECT_ARGUMENT = "x-chatter-dialect"
INSTANCE_ARGUMENT = "x-chatter-instance"


async def declare_inbox(
    channel: AbstractChannel, bot: str, follows: Iterable[str], arguments: Mapping[str, str]
) -> None:
    """Declare ``bot``'s exclusive inbox; it disappears with the connection.

    Args:
        channel: one that may be lost, as the broker closes it on a refusal.
        bot: its name.
        follows: bots whose tweets it reads.
        arguments: what the directory shows of this bot.

    Raises:
        NameTakenError: the queue belongs to another connection.
    """
    try:
        queue = await channel.declare_queue(
            names.inbox(bot), exclusive=True, auto_delete=False, arguments=dict(arguments)
        )
    except ChannelLockedResource as error:
        raise NameTakenError(f"a bot named {bot} is already chatting") from error
    await queue.bind(names.EXCHANGE, names.invite_key(bot))
    for other in follows:
        await queue.bind(names.EXCHANGE, names.tweet_key(other))


async def declare_dm(channel: AbstractChannel, sender: str, to: str) -> None:
    """Declare and bind the durable queue of one direction of a conversation."""
    queue = await channel.declare_queue(names.dm_queue(sender, to), durable=True)
    await queue.bind(names.EXCHANGE, names.dm_key(sender, to))


async def delete_dm(channel: AbstractChannel, sender: str, to: str, kind: QueueType) -> None:
    """Delete a conversation's queue if nothing is left in it; else the policy's expiry will.

    RabbitMQ cannot do so with a quorum queue: it closes the connection of whoever asks for it.
    """
    if kind is QueueType.QUORUM:
        return
    with suppress(AMQPChannelError):
        await channel.queue_delete(names.dm_queue(sender, to), if_unused=True, if_empty=True)


async def look_at_dm(channel: AbstractChannel, sender: str, to: str) -> tuple[int, int]:
    """Return how many messages of one direction wait, not counting any in hand, and how many listen to it.

    Args:
        channel: one that may be lost, as the broker closes it where there is no such queue.
        sender: who speaks.
        to: who may listen.
    """
    try:
        queue = await channel.declare_queue(names.dm_queue(sender, to), durable=True, passive=True)
    except AMQPChannelError:
        return 0, 0
    found = queue.declaration_result
    return found.message_count or 0, found.consumer_count or 0


async def delete_inbox(channel: AbstractChannel, bot: str) -> None:
    """Delete ``bot``'s inbox, and with it its name from the directory."""
    await channel.queue_delete(names.inbox(bot))


async def follow(channel: AbstractChannel, bot: str, other: str) -> None:
    """Let ``bot``'s inbox receive the tweets of ``other``."""
    inbox = await channel.get_queue(names.inbox(bot), ensure=False)
    await inbox.bind(names.EXCHANGE, names.tweet_key(other))


async def declare_control(channel: AbstractChannel, queue: str) -> None:
    """Declare this process's exclusive copy of the control fanout.

    Raises:
        NameTakenError: the queue belongs to another connection, such as our last, if nobody noticed its end.
    """
    try:
        declared = await channel.declare_queue(queue, exclusive=True)
    except ChannelLockedResource as error:
        raise NameTakenError(f"{queue} belongs to another connection") from error
    await declared.bind(names.CONTROL)
