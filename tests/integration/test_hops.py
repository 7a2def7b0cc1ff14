"""What a hop looks like in traces, metrics and on the wire, over a real RabbitMQ."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

import aio_pika
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry

from rabbit_chatter import names
from rabbit_chatter.broker import Node, Subscription, instrument, topology
from rabbit_chatter.broker.instrumentation import uninstrument
from rabbit_chatter.clock import now_ns
from rabbit_chatter.errors import MessageTooLargeError, UnroutableError
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, TelemetrySettings, Topology
from rabbit_chatter.telemetry.metrics import TEMPLATE, Metrics
from rabbit_chatter.telemetry.tracing import Tracing, speaking
from rabbit_chatter.up.private import PrivateBroker
from support import Receiver, eventually, otlp_receiver, seconds


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Receive what this process exports."""
    with otlp_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def tracing(receiver: Receiver) -> Iterator[Tracing]:
    """Install tracing, as a component does: once per process."""
    settings = TelemetrySettings(otlp_base=receiver.url, batch_delay_ms=50)
    running = Tracing(settings, "test", "test")
    running.install()
    yield running
    running.shutdown()


@dataclass
class Bench:
    """A node in this process, and a way to listen with it."""

    node: Node
    metrics: Metrics
    tracing: Tracing

    async def listen(
        self, sender: str, to: str, handler: Callable[[Message], Awaitable[None]]
    ) -> Subscription:
        """Let ``to`` hear what ``sender`` says to it."""
        subscription = Subscription(
            names.dm_queue(sender, to),
            handler,
            self.tracing.tracer("bot-test", to),
            "test",
            lambda channel: topology.declare_dm(channel, sender, to),
        )
        await self.node.consumer.subscribe(subscription)
        return subscription


@asynccontextmanager
async def connected(
    broker: PrivateBroker, tracing: Tracing, layout: Topology = Topology.TRACE, concurrency: int | None = None
) -> AsyncIterator[Bench]:
    """Connect to the broker while the block runs."""
    metrics = Metrics(CollectorRegistry(), "test")
    settings = BrokerSettings(amqp_url=broker.amqp_url("chatter-bot"), concurrency=concurrency)
    node = Node(settings, metrics, layout, "test", "test")
    instrument(tracing, metrics, node.publish_link.host, node.publish_link.port)
    try:
        async with node:
            yield Bench(node, metrics, tracing)
    finally:
        uninstrument()


@pytest.fixture
async def bench(
    broker: PrivateBroker, tracing: Tracing, request: pytest.FixtureRequest
) -> AsyncIterator[Bench]:
    """Connect to the broker in the topology that a test asks for."""
    async with connected(broker, tracing, getattr(request, "param", Topology.TRACE)) as running:
        yield running


def dm(sender: str, to: str, turn: int, conversation: str, *, text: str = "hello") -> Message:
    """Return a direct message."""
    return Message(new_id(), Kind.DM, sender, text, to, conversation, turn)


async def three_hops(bench: Bench, conversation: str) -> None:
    """Let anna and berta exchange three messages."""
    done = asyncio.Event()

    async def berta(message: Message) -> None:
        if message.turn == 0:
            await bench.node.publisher.publish(dm("berta", "anna", 1, conversation))
        else:
            done.set()

    async def anna(message: Message) -> None:
        await bench.node.publisher.publish(dm("anna", "berta", message.turn + 1, conversation))

    listening = [await bench.listen("anna", "berta", berta), await bench.listen("berta", "anna", anna)]
    tracer = bench.tracing.tracer("bot-test", "anna")
    with speaking(tracer), trace.get_tracer("test").start_as_current_span("converse"):
        await bench.node.publisher.publish(dm("anna", "berta", 0, conversation))
    async with asyncio.timeout(20):
        await done.wait()
    for subscription in listening:
        await bench.node.consumer.unsubscribe(subscription)


async def test_conversation_is_one_trace(bench: Bench, receiver: Receiver) -> None:
    """Three hops make one trace: publish, queue wait and process in parent order, from both bots."""
    conversation = new_id()
    await three_hops(bench, conversation)
    published = await receiver.wait_for(3, "publish dm", messaging__message__conversation_id=conversation)
    trace_id = published[0]["traceId"]
    await eventually(lambda: len(receiver.trace(trace_id)) == 10)
    spans = receiver.trace(trace_id)
    by_id = {span["spanId"]: span for span in spans}
    last = max((s for s in spans if s["name"] == "process dm"), key=lambda s: int(s["startTimeUnixNano"]))
    path = [last]
    while parent := path[-1].get("parentSpanId"):
        path.append(by_id[parent])
    hop = [("publish dm", 4), ("queue wait dm", 1), ("process dm", 5)]
    assert [(span["name"], span["kind"]) for span in reversed(path)] == [("converse", 1), *hop * 3]
    services = [(span["service"], span["instance"]) for span in reversed(path)]
    berta, anna, queue = ("bot-test", "berta"), ("bot-test", "anna"), ("rabbitmq", "test")
    assert services == [anna, anna, queue, berta, berta, queue, anna, anna, queue, berta]
    for span in spans:
        if span["name"] == "process dm":
            assert span["values"]["messaging.message.conversation_id"] == conversation
            assert span["values"]["messaging.operation.type"] == "process"
            assert span["values"]["messaging.destination.name"].startswith("chatter:dm.")
            assert span["links"][0]["spanId"] in {publish["spanId"] for publish in published}
    assert {span["values"]["messaging.message.id"] for span in published} == {
        span["values"]["messaging.message.id"] for span in spans if span["name"] == "process dm"
    }


@pytest.mark.parametrize("bench", [Topology.LINK], indirect=True)
async def test_link_topology(bench: Bench, receiver: Receiver) -> None:
    """With links, every message is a trace of its own, and links to the span that caused it."""
    conversation = new_id()
    await three_hops(bench, conversation)
    published = await receiver.wait_for(3, "publish dm", messaging__message__conversation_id=conversation)
    assert len({span["traceId"] for span in published}) == 3
    assert not any("parentSpanId" in span for span in published)
    processed = await receiver.wait_for(3, "process dm", messaging__message__conversation_id=conversation)
    causes = {span["spanId"]: span["instance"] for span in processed}
    replies = [span for span in published if span["links"][0]["spanId"] in causes]
    assert sorted(causes[span["links"][0]["spanId"]] for span in replies) == ["anna", "berta"]


class Waited(NamedTuple):
    """One wait in a queue, in seconds: as span, as metric, and as two stopwatches have it."""

    span: float
    metric: float
    shortest: float
    longest: float


async def wait_once(bench: Bench, receiver: Receiver) -> Waited:
    """Let a message wait for its reader."""
    heard: list[int] = []

    async def hear(_: Message) -> None:
        heard.append(now_ns())

    def total() -> float:
        labels = {TEMPLATE: "dm", "dialect": "test"}
        return bench.metrics.registry.get_sample_value("chatter_queue_wait_seconds_sum", labels) or 0.0

    told = total()
    subscription = await bench.listen("early", "late", hear)
    await bench.node.consumer.unsubscribe(subscription)
    before = now_ns()
    with trace.get_tracer("test").start_as_current_span("converse"):
        await bench.node.publisher.publish(dm("early", "late", 0, conversation := new_id()))
    confirmed = now_ns()
    await asyncio.sleep(0.3)  # the wait that is measured, not one for luck
    begun = now_ns()
    subscription = await bench.listen("early", "late", hear)
    await eventually(lambda: heard)
    waits = await eventually(
        lambda: [
            span
            for process in receiver.named("process dm", messaging__message__conversation_id=conversation)
            for span in receiver.named("queue wait dm")
            if span["spanId"] == process["parentSpanId"]
        ]
    )
    await bench.node.consumer.unsubscribe(subscription)
    longest = (heard[0] - before) / 1e9
    return Waited(seconds(waits[0]), total() - told, (begun - confirmed) / 1e9, longest)


async def test_queue_wait_is_true(bench: Bench, receiver: Receiver) -> None:
    """The time in the queue lies between two stopwatches, as span and as metric, and within 5 ms of one.

    The second holds for one of some measurements: a machine that pauses in between is nobody's fault.
    """
    off = []
    for _ in range(10):
        waited = await wait_once(bench, receiver)
        assert waited.shortest <= waited.span <= waited.longest
        assert waited.span <= waited.metric + 1e-6
        assert waited.metric <= waited.longest + 1e-6
        off.append(max(waited.longest - waited.span, waited.metric - waited.span))
        if off[-1] <= 0.005:
            return
    raise AssertionError(f"never within 5 ms of a stopwatch: {off}")


async def test_no_more_at_a_time_than_allowed(
    broker: PrivateBroker, tracing: Tracing, receiver: Receiver
) -> None:
    """Of three readers two may work at a time; the third message waits, its trace says so, orders do not."""
    free, working, ordered = asyncio.Event(), list[str](), asyncio.Event()

    async def hear(message: Message) -> None:
        working.append(message.id)
        await free.wait()

    async def obey(_: Message) -> None:
        ordered.set()

    async with connected(broker, tracing, concurrency=2) as bench:
        for reader in ("one", "two", "three"):
            await bench.listen("talker", reader, hear)
        control = Subscription(
            "control.test", obey, tracing.own, urgent=True,
            declare=lambda channel: topology.declare_control(channel, "control.test"),
        )  # fmt: skip
        await bench.node.consumer.subscribe(control)
        with trace.get_tracer("test").start_as_current_span("converse"):
            for reader in ("one", "two", "three"):
                await bench.node.publisher.publish(dm("talker", reader, 0, conversation := new_id()))
        await eventually(lambda: len(working) == 2)
        await bench.node.publisher.publish(Message(new_id(), Kind.CONTROL, "operator", "{}"))
        async with asyncio.timeout(10):
            await ordered.wait()
        assert len(working) == 2
        released = now_ns()
        draining = asyncio.create_task(bench.node.consumer.drain(20))
        free.set()
        assert await draining
        assert len(working) == 3
    (process,) = await receiver.wait_for(1, "process dm", messaging__message__conversation_id=conversation)
    (wait,) = [span for span in receiver.named("queue wait dm") if span["spanId"] == process["parentSpanId"]]
    assert int(wait["endTimeUnixNano"]) >= released


async def test_unroutable_is_seen(bench: Bench, receiver: Receiver) -> None:
    """An invitation to nobody raises, is counted, and its span has an error status."""
    conversation = new_id()
    with (
        pytest.raises(UnroutableError, match=r"invite\.nobody"),
        trace.get_tracer("test").start_as_current_span("converse"),
    ):
        await bench.node.publisher.publish(Message(new_id(), Kind.INVITE, "anna", "", "nobody", conversation))
    spans = await receiver.wait_for(1, "publish invite", messaging__message__conversation_id=conversation)
    assert spans[0]["status"]["code"] == 2
    count = bench.metrics.registry.get_sample_value(
        "messaging_client_sent_messages_total", {TEMPLATE: "invite", "error_type": "unroutable"}
    )
    assert count == 1


async def test_too_large_is_refused_by_name(bench: Bench) -> None:
    """Five megabytes are refused before they reach the broker."""
    with pytest.raises(MessageTooLargeError, match="the limit is"):
        await bench.node.publisher.publish(dm("anna", "berta", 0, new_id(), text="x" * 5_000_000))


async def test_unsampled_trace_passes_without_spans(
    bench: Bench, receiver: Receiver, broker: PrivateBroker
) -> None:
    """A message whose trace is not sampled leaves no span, and its answer carries the same trace on."""
    answers: list[str] = []

    async def answer(message: Message) -> None:
        await bench.node.publisher.publish(dm("quiet", "foreign", 1, message.conversation or ""))

    await bench.listen("foreign", "quiet", answer)
    sent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-00"
    async with await aio_pika.connect(broker.amqp_url("chatter-bot")) as connection:
        channel = await connection.channel()
        await topology.declare_dm(channel, "quiet", "foreign")
        body = b'{"from": "foreign", "to": "quiet", "text": "psst"}'
        message = aio_pika.Message(
            body, type="dm", message_id=new_id(), correlation_id=new_id(), headers={"traceparent": sent}
        )
        exchange = await channel.get_exchange(names.EXCHANGE, ensure=False)
        with suppress_instrumentation():  # foreigners bring their own context
            await exchange.publish(message, names.dm_key("foreign", "quiet"))
        queue = await channel.get_queue(names.dm_queue("quiet", "foreign"), ensure=False)

        async def answered() -> bool:
            got = await queue.get(fail=False, no_ack=True)
            if got is not None:
                answers.append(str(got.headers["traceparent"]))
            return bool(answers)

        await eventually(answered)
    assert answers[0][:36] == sent[:36]
    assert answers[0].endswith("-00")
    bench.tracing.flush()
    assert sent[3:35] not in {span["traceId"] for span in receiver.spans}
