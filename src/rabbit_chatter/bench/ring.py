"""One measured process of ``bench hop``: a ring of bots, each passing on what it hears.

:mod:`rabbit_chatter.bench.hop` starts one per variant, so that none inherits the memory or the patches of
another, and lets them run in turns: a line of seconds on standard input starts the ring for that long, and
a line of JSON on standard output tells the hops and the CPU seconds of the whole process, exporter
included. Between turns the ring stands still.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from opentelemetry import trace
from prometheus_client import CollectorRegistry

from rabbit_chatter.broker import Node, Subscription, instrument
from rabbit_chatter.broker.topology import declare_dm
from rabbit_chatter.messages import Kind, Message, encode_body, new_id
from rabbit_chatter.names import EXCHANGE, dm_queue
from rabbit_chatter.process import calm_garbage_collector
from rabbit_chatter.settings import BrokerSettings, TelemetrySettings
from rabbit_chatter.telemetry.logs import configure_logs
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import Tracing

_BOTS = 50
_TEXT = "The quick brown fox jumps over the lazy dog, and the dog writes a runbook about it. " * 2

Say = Callable[[int], Awaitable[None]]


class Ring:
    """Bots in a circle, each with one message in hand at most.

    Args:
        variant: names the ring's bots, so that rings do not hear each other.
    """

    def __init__(self, variant: str) -> None:
        self.bots = [f"{variant}{number:03d}" for number in range(_BOTS)]
        self.hops = 0
        self._running = asyncio.Event()
        self._passing = 0

    def message(self, index: int) -> Message:
        """Return what bot ``index`` says to the next."""
        to = self.bots[(index + 1) % _BOTS]
        return Message(new_id(), Kind.DM, self.bots[index], _TEXT, to, f"ring-{self.bots[0]}")

    def queue(self, index: int) -> str:
        """Return the queue that bot ``index`` listens to."""
        return dm_queue(self.bots[index - 1], self.bots[index])

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a message while the ring stands still, and count it when it was passed on."""
        await self._running.wait()
        self._passing += 1
        try:
            yield
        finally:
            self._passing -= 1
            self.hops += 1

    async def serve(self, flush: Callable[[], object]) -> None:
        """Run for as many seconds as each line of standard input says.

        Args:
            flush: sends what telemetry is waiting, so that its cost falls into the turn that caused it.
        """
        while line := await asyncio.to_thread(sys.stdin.readline):
            cpu, hops, started = time.process_time(), self.hops, time.perf_counter()
            self._running.set()
            await asyncio.sleep(float(line))
            self._running.clear()
            took = time.perf_counter() - started
            while self._passing:  # noqa: ASYNC110 - an event per hop would be part of what is measured
                await asyncio.sleep(0.001)
            await asyncio.to_thread(flush)
            told = {"hops": self.hops - hops, "cpu": time.process_time() - cpu, "wall": took}
            print(json.dumps(told), flush=True)  # noqa: T201 - this is the answer


async def bare(ring: Ring, settings: BrokerSettings) -> None:
    """Pass messages on with aio-pika alone, as its documentation shows it, with the same guarantees."""
    url = settings.amqp_url.get_secret_value()
    async with await aio_pika.connect(url) as consuming, await aio_pika.connect(url) as publishing:
        channel = await consuming.channel()
        await channel.set_qos(prefetch_count=1)
        out = await publishing.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await out.get_exchange(EXCHANGE, ensure=False)

        async def say(index: int) -> None:
            said = ring.message(index)
            body = encode_body(said)
            message = aio_pika.Message(
                body,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                correlation_id=said.conversation,
                message_id=said.id,
                timestamp=time.time(),
                type=said.kind,
                app_id="bench",
            )
            await exchange.publish(message, said.routing_key)

        def hear(index: int) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
            async def on_message(incoming: AbstractIncomingMessage) -> None:
                async with ring.turn():
                    json.loads(incoming.body)
                    await say(index)
                    await incoming.ack()

            return on_message

        for index in range(_BOTS):
            await (await channel.get_queue(ring.queue(index), ensure=False)).consume(hear(index))
        for index in range(_BOTS):
            await say(index)
        await ring.serve(lambda: None)


async def ours(ring: Ring, settings: BrokerSettings, telemetry: TelemetrySettings) -> None:
    """Pass messages on with everything that a bot has: spans, metrics with exemplars, a log line."""
    configure_logs(telemetry, "bench", sys.stderr)
    log = structlog.get_logger()
    tracing = Tracing(telemetry, "bench", "bench")
    tracing.install()
    metrics = Metrics(CollectorRegistry(), "bench")
    node = Node(settings, metrics, telemetry.topology, "bench", ring.bots[0])
    instrument(tracing, metrics, node.publish_link.host, node.publish_link.port)

    def hear(index: int) -> Callable[[Message], Awaitable[None]]:
        async def on_message(message: Message) -> None:
            async with ring.turn():
                await node.publisher.publish(ring.message(index))
                log.info("message.answered", bot=ring.bots[index], message_id=message.id)

        return on_message

    calm_garbage_collector()
    async with node:
        for index in range(_BOTS):
            tracer = tracing.tracer("bot-bench", ring.bots[index])
            await node.consumer.subscribe(Subscription(ring.queue(index), hear(index), tracer, "bench"))
        for index in range(_BOTS):
            with trace.get_tracer(__name__).start_as_current_span("converse"):
                await node.publisher.publish(ring.message(index))
        await ring.serve(tracing.flush)


async def _prepare(ring: Ring, settings: BrokerSettings) -> None:
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        for index in range(_BOTS):
            await declare_dm(channel, ring.bots[index - 1], ring.bots[index])
            await (await channel.get_queue(ring.queue(index), ensure=False)).purge()


async def main(variant: str) -> None:
    """Run the ring that ``variant`` names: ``bare`` or anything else for ours."""
    settings, ring = BrokerSettings(), Ring(variant)
    await _prepare(ring, settings)
    if variant == "bare":
        await bare(ring, settings)
    else:
        await ours(ring, settings, TelemetrySettings())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
