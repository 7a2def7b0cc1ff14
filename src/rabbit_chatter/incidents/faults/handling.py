"""Faults in what bots do with a message: read it, find words for it, send it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import msgspec

from rabbit_chatter import names
from rabbit_chatter.broker import Subscription
from rabbit_chatter.errors import BadMessageError
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.seams import Call, Seams
from rabbit_chatter.messages import Kind, Message, Reason, encode_body

Pause = Annotated[float, msgspec.Meta(gt=0, le=60)]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault without parameters."""


class SlowHandler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a slow bot takes for each message, in seconds, beside its reading and typing."""

    seconds: Pause


class SlowWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a dialect takes for a slow text, in seconds."""

    seconds: Pause


class Refusing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the dead letters say."""

    detail: Annotated[str, msgspec.Meta(max_length=200)]


class WrongAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first word of the wrong routing key, where ``tweet`` should be."""

    word: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3,20}$")]


@asynccontextmanager
async def slow_handler(seams: Seams, dose: Dose, parameters: SlowHandler) -> AsyncIterator[None]:
    """A share of the bots takes long for every message that it reads."""
    slow = set(dose.victims(seams.inboxes))

    async def late(call: Call, subscription: Subscription, message: Message) -> None:
        if listener(subscription.queue) in slow:
            await asyncio.sleep(parameters.seconds * dose.dice.uniform(0.7, 1.3))
        await call(subscription, message)

    with seams.handling.put(late):
        yield


def listener(queue: str) -> str | None:
    """Return the bot that reads ``queue``."""
    pair = names.pair_of_dm_queue(queue)
    return pair[1] if pair else names.bot_of_inbox(queue)


@asynccontextmanager
async def refusing_handler(seams: Seams, dose: Dose, parameters: Refusing) -> AsyncIterator[None]:
    """A share of the tweets cannot be read by those who receive them."""

    async def refuse(call: Call, subscription: Subscription, message: Message) -> None:
        if message.kind is Kind.TWEET and dose.hits():
            raise BadMessageError(Reason.BAD_FIELD, parameters.detail)
        await call(subscription, message)

    with seams.handling.put(refuse):
        yield


@asynccontextmanager
async def wrong_address(seams: Seams, dose: Dose, parameters: WrongAddress) -> AsyncIterator[None]:
    """A share of the tweets is sent under a routing key to which nobody is bound."""

    async def mistaken(call: Call, message: Message) -> None:
        if message.kind is Kind.TWEET and seams.node is not None and dose.hits():
            body, key = encode_body(message), f"{parameters.word}.{message.sender}"
            await seams.node.publisher.send(names.EXCHANGE, key, body, message.id, message.kind)
        else:
            await call(message)

    with seams.publishing.put(mistaken):
        yield


@asynccontextmanager
async def publish_twice(seams: Seams, dose: Dose, _: Nothing) -> AsyncIterator[None]:
    """A share of the direct messages is sent again under the same id, as if no confirm had come."""

    async def twice(call: Call, message: Message) -> None:
        await call(message)
        if message.kind is Kind.DM and dose.hits():
            await call(message)

    with seams.publishing.put(twice):
        yield


@asynccontextmanager
async def slow_words(seams: Seams, dose: Dose, parameters: SlowWords) -> AsyncIterator[None]:
    """A dialect takes long for a share of its texts."""

    async def late(call: Call, *args: object) -> str | None:
        if dose.hits():
            await asyncio.sleep(parameters.seconds * dose.dice.uniform(0.8, 1.2))
        words: str | None = await call(*args)
        return words

    with seams.composing.put(late):
        yield
