"""One measured process of ``bench bots``: how soon N bots are ready, and how they bear 1 message a second.

Run as a module by :mod:`rabbit_chatter.bench.bots`, fresh for each N. Prints one line of JSON.
"""

import asyncio
import json
import random
import statistics
import sys
import time

import httpx
import psutil
from opentelemetry import trace
from prometheus_client import CollectorRegistry

from rabbit_chatter.bots.cast import Cast
from rabbit_chatter.bots.directory import Directory
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.population import Population
from rabbit_chatter.bots.repertoire import Repertoire
from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import Node, Subscription, instrument, topology
from rabbit_chatter.clock import now_ns
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.names import dm_queue
from rabbit_chatter.process import calm_garbage_collector
from rabbit_chatter.settings import BrokerSettings, TelemetrySettings
from rabbit_chatter.telemetry.logs import configure_logs
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.telemetry.tracing import Tracing

_TEXT = "The quick brown fox jumps over the lazy dog, and the dog writes a runbook about it."
_WARM_UP = 2.0
_STARTS_AT_ONCE = 50


async def ready(count: int, node: Node, tracing: Tracing, metrics: Metrics) -> dict[str, float]:
    """Let ``count`` real bots join and leave; return seconds until ready and KiB of memory per bot."""
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as nobody, asyncio.TaskGroup() as tasks:
        bot_metrics = BotMetrics(metrics.registry)
        world = World(
            "bench",
            0.001,  # so slow that nobody speaks while we look
            node.publisher,
            node.consumer,
            Directory(nobody, bot_metrics),
            tracing,
            bot_metrics,
            tasks,
        )
        cast = Cast({"gibberish": 1.0})
        repertoire = Repertoire(cast.chosen, cast.mix, bot_metrics)
        await repertoire.prepare()
        population = Population(world, repertoire, "bench")
        await population.resize(1)
        before, started = psutil.Process().memory_info().rss, time.perf_counter()
        await population.resize(count + 1)
        took = time.perf_counter() - started
        memory = (psutil.Process().memory_info().rss - before) / count / 1024
        world.hurry.set()
        await population.resize(0)
    return {"ready_seconds": took, "kib_per_bot": memory}


async def chat(count: int, seconds: float, node: Node, tracing: Tracing) -> dict[str, float]:
    """Let each of ``count`` bots say one thing a second to its neighbour; return what became of it."""
    bots = [f"crowd{number:05d}" for number in range(count)]
    waits: list[float] = []

    async def hear(message: Message) -> None:
        waits.append((now_ns() - message.sent_ns) / 1e6)

    async def listen(index: int) -> None:
        sender, to = bots[index - 1], bots[index]
        tracer = tracing.tracer("bot-bench", to)
        await node.consumer.subscribe(
            Subscription(
                dm_queue(sender, to), hear, tracer, "bench", lambda c: topology.declare_dm(c, sender, to)
            )
        )

    async def speak(index: int) -> None:
        rng = random.Random(index)  # noqa: S311 - a load, not a secret
        await asyncio.sleep(rng.random())
        while True:
            due = asyncio.get_running_loop().time() + rng.uniform(0.8, 1.2)
            with trace.get_tracer(__name__).start_as_current_span("converse"):
                to = bots[(index + 1) % count]
                await node.publisher.publish(Message(new_id(), Kind.DM, bots[index], _TEXT, to, "bench"))
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    for start in range(0, count, _STARTS_AT_ONCE):
        await asyncio.gather(*(listen(index) for index in range(start, min(count, start + _STARTS_AT_ONCE))))
    speakers = [asyncio.create_task(speak(index)) for index in range(count)]
    await asyncio.sleep(_WARM_UP)
    waits.clear()
    cpu, started = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    cpu, wall, heard = time.process_time() - cpu, time.perf_counter() - started, sorted(waits)
    for speaker in speakers:
        speaker.cancel()
    return {
        "rate": len(heard) / wall,
        "core_percent": 100 * cpu / wall,
        "wait_p50_ms": statistics.median(heard),
        "wait_p99_ms": heard[int(len(heard) * 0.99)],
    }


async def main(count: int, seconds: float) -> None:
    """Measure ``count`` bots and tell the result."""
    telemetry = TelemetrySettings()
    configure_logs(telemetry, "bench", sys.stderr)
    tracing = Tracing(telemetry, "bench", "bench")
    tracing.install()
    metrics = Metrics(CollectorRegistry(), "bench")
    node = Node(BrokerSettings(), metrics, telemetry.topology, "bench", "crowd")
    instrument(tracing, metrics, node.publish_link.host, node.publish_link.port)
    calm_garbage_collector()
    async with node:
        await node.consume_link.channel(30)
        told = await ready(count, node, tracing, metrics) | await chat(count, seconds, node, tracing)
    tracing.shutdown()
    print(json.dumps({"bots": count, **told}))  # noqa: T201 - this is the answer


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
