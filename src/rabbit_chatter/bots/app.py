"""A bot process, wired up."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import structlog
from fastapi import FastAPI

from rabbit_chatter.bots.directory import Directory
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.population import Population
from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import Node, Subscription, instrument, topology
from rabbit_chatter.incidents.agent import Agent
from rabbit_chatter.incidents.catalogue import load
from rabbit_chatter.process import Process, process
from rabbit_chatter.settings import BrokerSettings

log = structlog.get_logger()


@dataclass(frozen=True)
class Options:
    """What a bot process is asked for.

    Attributes:
        count: how many bots.
        mix: weights by dialect.
        seed: decides names and dice.
        tempo: 1 is lively, 2 is twice as fast.
        port: for ``/metrics``, ``/healthz`` and ``/readyz``.
    """

    count: int
    mix: Mapping[str, float]
    seed: str
    tempo: float
    port: int


async def run(options: Options) -> None:
    """Run bots until SIGTERM, then drain.

    Raises:
        AddressError: the port is in use.
        TelemetryError: the instrumentation did not take hold.
    """
    async with process("bots", "chatter-bots") as running, AsyncExitStack() as stack:
        address = await stack.enter_async_context(running.serving(FastAPI(title="bots"), options.port))
        node = Node(
            BrokerSettings(),
            running.metrics,
            running.telemetry.topology,
            "bots",
            running.settings.instance,
            running.settings.metrics_address or address,
        )
        instrument(running.tracing, running.metrics, node.publish_link.host, node.publish_link.port)
        running.checks["broker"] = lambda: node.ready
        await stack.enter_async_context(node)
        seams = running.seams
        seams.node = node
        agent = await stack.enter_async_context(Agent("bots", seams, load()))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=running.settings.queue_manager_url, timeout=5)
        )
        async with asyncio.TaskGroup() as tasks:
            metrics = BotMetrics(running.metrics.registry)
            directory = Directory(client, metrics)
            world = World(
                running.settings.instance, options.tempo, seams.around_publisher(node.publisher),
                seams.around_consumer(node.consumer), directory, running.tracing, metrics, tasks,
            )  # fmt: skip
            population = Population(world, options.mix, options.seed, seams.around_dialect)
            await _live(running, world, population, agent, options.count)


async def _live(running: Process, world: World, population: Population, agent: Agent, count: int) -> None:
    running.checks["population"] = lambda: len(population.bots) > 0 or count == 0
    growing = world.tasks.create_task(_populate(world, population, agent, count), name="populate")
    await running.stopping.wait()
    growing.cancel()
    await _drain(running.settings.drain_timeout, world, population)


async def _populate(world: World, population: Population, agent: Agent, count: int) -> None:
    control = f"control.{world.instance}"
    await world.consumer.subscribe(
        Subscription(
            control,
            agent.around(population.obey),
            world.tracing.own,
            declare=lambda channel: topology.declare_control(channel, control),
        ),
        patience=float("inf"),
    )
    await population.resize(count)


async def _drain(deadline: float, world: World, population: Population) -> None:
    """Hurry, finish what is in hand, say goodbye."""
    world.hurry.set()
    try:
        async with asyncio.timeout(deadline):
            await population.resize(0)
            await world.consumer.drain(deadline)
    except TimeoutError:
        log.warning("drain.deadline", seconds=deadline, left=len(population.bots))
