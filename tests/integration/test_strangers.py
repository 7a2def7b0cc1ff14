"""What strangers send: answered where it is well formed, buried with a reason where it is not."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import aio_pika
import pytest

from rabbit_chatter import names
from rabbit_chatter.broker import topology
from rabbit_chatter.messages import DETAIL_HEADER, REASON_HEADER, new_id
from rabbit_chatter.up.private import PrivateBroker
from support import Component, Receiver, component, eventually, names_of, otlp_receiver, queue_manager

STRANGER = "stranger"


class Stranger:
    """An AMQP client that knows nothing of our code but what docs/architecture.md says of the wire."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel, bot: str) -> None:
        self._channel = channel
        self.bot = bot
        self.heard: list[aio_pika.abc.AbstractIncomingMessage] = []

    async def listen(self) -> None:
        """Declare the queue on which the bot will speak to us, and read it."""
        await topology.declare_dm(self._channel, self.bot, STRANGER)
        queue = await self._channel.get_queue(names.dm_queue(self.bot, STRANGER), ensure=False)

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            self.heard.append(message)
            await message.ack()

        self._queue, self._tag = queue, await queue.consume(take)

    async def listen_no_more(self) -> None:
        """Read nothing that the bot says from now on."""
        await self._queue.cancel(self._tag)

    async def send(self, key: str, body: bytes, **properties: Any) -> None:  # noqa: ANN401 - any property
        """Publish anything."""
        exchange = await self._channel.get_exchange(names.EXCHANGE, ensure=False)
        given = {"message_id": new_id(), "correlation_id": new_id(), "type": "dm"} | properties
        await exchange.publish(aio_pika.Message(body, **given), key)

    async def call(self, conversation: str, **headers: str) -> None:
        """Invite the bot to a conversation."""
        body = json.dumps({"from": STRANGER, "to": self.bot, "text": ""}).encode()
        await self.send(
            names.invite_key(self.bot), body, type="invite", correlation_id=conversation, headers=headers
        )

    async def order(self, text: str) -> None:
        """Tell all processes something."""
        exchange = await self._channel.get_exchange(names.CONTROL, ensure=False)
        body = json.dumps({"from": "operator", "text": text}).encode()
        await exchange.publish(aio_pika.Message(body, message_id=new_id(), type="control"), "")

    async def say(self, conversation: str, **said: Any) -> None:  # noqa: ANN401 - any field
        """Say something in a conversation."""
        body = json.dumps({"from": STRANGER, "to": self.bot, "text": "well", **said}).encode()
        await self.send(names.dm_key(STRANGER, self.bot), body, correlation_id=conversation)

    def goodbyes(self, conversation: str) -> int:
        """Return how often the bot has said its last word in ``conversation``."""
        said = [json.loads(message.body) for message in self.heard if message.correlation_id == conversation]
        return sum(bool(one.get("last")) for one in said)

    async def answer_to(self, conversation: str) -> aio_pika.abc.AbstractIncomingMessage:
        """Return what the bot says in ``conversation``."""

        def said() -> list[aio_pika.abc.AbstractIncomingMessage]:
            return [message for message in self.heard if message.correlation_id == conversation]

        answer: aio_pika.abc.AbstractIncomingMessage = (await eventually(said))[0]
        return answer


class Lonely(NamedTuple):
    """A process with a single bot, and the bot's name."""

    process: Component
    name: str


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Receive what the bot exports."""
    with otlp_receiver() as running:
        yield running


@pytest.fixture
async def bot(broker: PrivateBroker, receiver: Receiver) -> AsyncIterator[Lonely]:
    """Run a process with a single bot, which echoes."""
    async with (
        queue_manager(broker) as manager,
        component(
            "bots", "--count", "1", "--dialect", "echo", "--seed", "lonely", "--tempo", "20",
            CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
            CHATTER_INSTANCE="lonely",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            OTEL_BSP_SCHEDULE_DELAY="50",
        ) as running,
    ):  # fmt: skip
        await running.ready()
        (name,) = await eventually(lambda: names_of(manager, "lonely"))
        yield Lonely(running, name)
        assert await running.stop() == 0


@pytest.fixture
async def stranger(broker: PrivateBroker, bot: Lonely) -> AsyncIterator[Stranger]:
    """Connect a stranger, and let it listen."""
    async with await aio_pika.connect(broker.amqp_url("chatter-bot")) as connection:
        channel = await connection.channel(on_return_raises=True)
        made = Stranger(channel, bot.name)
        await made.listen()
        yield made


async def test_stranger_is_answered_in_its_trace(stranger: Stranger, bot: Lonely, receiver: Receiver) -> None:
    """A foreign client that brings a traceparent is greeted and answered within that very trace."""
    trace_id, conversation = os.urandom(16).hex(), new_id()
    await stranger.call(conversation, traceparent=f"00-{trace_id}-{os.urandom(8).hex()}-01")
    greeting = await stranger.answer_to(conversation)
    assert json.loads(greeting.body)["text"] == f"Hello {STRANGER}, hello?"
    assert str(greeting.headers["traceparent"]).split("-")[1] == trace_id
    await eventually(lambda: {"process invite", "compose", "publish dm"} <= names_in(receiver, trace_id))
    said = bot.process.events("message.said")[0]
    assert said["trace_id"] == trace_id


async def test_whoever_leaves_gives_a_sign_to_whoever_waits_for_it(stranger: Stranger, bot: Lonely) -> None:
    """Each of two that leave has the last word in another conversation, and neither waits for the other.

    The stranger listens until its goodbye was heard, as the bot does; it learns of that by an answer.
    """
    ours, theirs = new_id(), new_id()
    for conversation in (ours, theirs):
        await stranger.call(conversation)
        await stranger.answer_to(conversation)
    await stranger.order('{"scale": {"lonely": 0}}')

    async def is_leaving() -> bool:
        invite = new_id()
        await stranger.call(invite)
        await stranger.answer_to(invite)
        return stranger.goodbyes(invite) == 1

    await eventually(is_leaving)
    await stranger.say(ours, turn=1, last=True)
    await stranger.say(theirs, turn=1)
    await eventually(lambda: stranger.goodbyes(theirs))
    await eventually(lambda: stranger.goodbyes(ours), what="a sign")
    await stranger.listen_no_more()
    await eventually(lambda: bot.process.events("population.resized")[1:], what="it has left")
    assert (stranger.goodbyes(ours), stranger.goodbyes(theirs)) == (1, 1)


def names_in(receiver: Receiver, trace_id: str) -> set[str]:
    """Return the names of the spans of a trace."""
    return {span["name"] for span in receiver.trace(trace_id)}


GOOD = {"from": STRANGER, "to": "", "text": "hello", "turn": 1}
CASES: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("not JSON", b"{nonsense", {}, "not-json"),
    ("not text", b"\xff\xfe\x00", {}, "not-json"),
    ("no text", b'{"from": "stranger", "to": "BOT"}', {}, "bad-field"),
    ("text is a number", b'{"from": "stranger", "to": "BOT", "text": 7}', {}, "bad-field"),
    ("impossible name", b'{"from": "<b>-x", "to": "BOT", "text": "hi"}', {}, "bad-field"),
    ("for another", b'{"from": "stranger", "to": "somebody", "text": "hi"}', {}, "not-for-me"),
    ("five megabytes", b'{"text": "' + b"x" * 5_000_000 + b'"}', {}, "too-large"),
    ("float header", b"GOOD", {"headers": {"x-sent-ns": 1.5}}, "bad-header"),
    ("text header", b"GOOD", {"headers": {"x-sent-ns": "soon"}}, "bad-header"),
    ("unknown type", b"GOOD", {"type": "shout"}, "unknown-type"),
    ("no type", b"GOOD", {"type": None}, "unknown-type"),
    ("no conversation", b"GOOD", {"correlation_id": None}, "bad-field"),
    ("endless id", b"GOOD", {"message_id": "m" * 200}, "bad-header"),
]


async def test_bad_messages_are_buried_with_a_reason(
    stranger: Stranger, bot: Lonely, broker: PrivateBroker
) -> None:
    """Whatever is wrong with a message, it becomes a dead letter that says so, and the bot talks on."""
    first = new_id()
    await stranger.call(first)
    await stranger.answer_to(first)
    key = names.dm_key(STRANGER, bot.name)
    good = json.dumps(GOOD | {"to": bot.name}).encode()
    sent = {}
    for what, body, properties, reason in CASES:
        message_id = properties.get("message_id", new_id())
        whole = body.replace(b"BOT", bot.name.encode()).replace(b"GOOD", good)
        await stranger.send(key, whole, **({"message_id": message_id} | properties))
        sent[message_id] = (what, reason)
    found = await buried(broker, set(sent))
    assert {sent[message_id][0]: reason for message_id, (reason, _) in found.items()} == dict(sent.values())
    assert all(detail for _, detail in found.values())
    second = new_id()
    await stranger.call(second)
    await stranger.answer_to(second)
    assert bot.process.process.returncode is None


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "nonsense"},
        {"traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-01"},
        {"traceparent": 7},
        {"traceparent": bytearray(b"\xff\xfe")},
        {"traceparent": ["00"]},
        {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "tracestate": 7},
    ],
)
async def test_bad_trace_context_is_refused_by_name(
    stranger: Stranger, bot: Lonely, headers: dict[str, Any]
) -> None:
    """A malformed traceparent is named in the log; the message itself is answered, as W3C asks."""
    conversation = new_id()
    await stranger.call(conversation, **headers)
    await stranger.answer_to(conversation)
    if "tracestate" not in headers:
        assert bot.process.events("traceparent.refused")[0]["problem"] == "malformed"


async def buried(broker: PrivateBroker, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Return reason and detail of the dead letters with these ids, once all are there."""
    found: dict[str, tuple[str, str]] = {}
    async with await aio_pika.connect(broker.amqp_url("chatter-server")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(names.DEAD_LETTERS, ensure=False)

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            if message.message_id in wanted:
                found[message.message_id] = (
                    str(message.headers[REASON_HEADER]),
                    str(message.headers[DETAIL_HEADER]),
                )

        await queue.consume(take)  # nothing is acknowledged: all stays where it is
        await eventually(lambda: found.keys() == wanted, what=f"{len(wanted)} dead letters")
    return found
