"""A bot process, wired up."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import structlog
from fastapi import FastAPI

from rabbit_chatter.bots.cast import Cast
from rabbit_chatter.bots.directory import Directory
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.population import Population
from rabbit_chatter.bots.repertoire import Repertoire
from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import Node, Subscription, instrument, topology
from rabbit_chatter.errors import DialectError
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
        cast: who takes part, and in which dialects.
        seed: decides names and dice.
        tempo: 1 is lively, 2 is twice as fast.
        port: for ``/metrics``, ``/healthz`` and ``/readyz``.
    """

    count: int
    cast: Cast
    seed: str
    tempo: float
    port: int


async def run(options: Options) -> None:
    """Run bots until SIGTERM, then drain.

    Raises:
        AddressError: the port is in use.
        DialectError: none of the dialects can be used.
        TelemetryError: the instrumentation did not take hold.
    """
    async with process("bots", "chatter-bots") as running, AsyncExitStack() as stack:
        metrics = BotMetrics(running.metrics.registry)
        repertoire = Repertoire(options.cast.chosen, options.cast.mix, metrics)
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
        stack.push_async_callback(repertoire.close)
        await repertoire.prepare()
        await stack.enter_async_context(node)
        seams = running.seams
        seams.node = node
        agent = await stack.enter_async_context(Agent("bots", seams, load()))
        agent.publish = node.publisher.publish
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=running.settings.queue_manager_url, timeout=5)
        )
        async with asyncio.TaskGroup() as tasks:
            directory = Directory(client, metrics)
            world = World(
                running.settings.instance, options.tempo, seams.around_publisher(node.publisher),
                seams.around_consumer(node.consumer), directory, running.tracing, metrics, tasks,
                node.settings.queue_type, running.telemetry.capture_content,
            )  # fmt: skip
            population = Population(world, repertoire, options.seed, options.cast.roles, seams.around_dialect)
            failed = await _live(running, world, population, agent, options.count)
        if failed is not None:
            raise failed


async def _live(
    running: Process, world: World, population: Population, agent: Agent, count: int
) -> DialectError | None:
    """Let the bots live until the process is to stop; return why, if it is for want of a dialect."""
    running.checks["population"] = lambda: len(population.bots) > 0 or count == 0
    filling = _populate(running, world, population, agent, count)
    growing = world.tasks.create_task(filling, name="populate")
    await running.stopping.wait()
    failed = growing.result() if growing.done() else None
    growing.cancel()
    await _drain(running.settings.drain_timeout, world, population)
    return failed


async def _populate(
    running: Process, world: World, population: Population, agent: Agent, count: int
) -> DialectError | None:
    control = f"control.{world.instance}"
    await world.consumer.subscribe(
        Subscription(
            control,
            agent.around(population.obey),
            world.tracing.own,
            declare=lambda channel: topology.declare_control(channel, control),
            urgent=True,
        ),
        patience=float("inf"),
    )
    try:
        await population.resize(count)
    except DialectError as error:
        running.stopping.set()
        return error
    return None


async def _drain(deadline: float, world: World, population: Population) -> None:
    """Hurry, finish what is in hand, say goodbye."""
    world.hurry.set()
    try:
        async with asyncio.timeout(deadline):
            await population.resize(0)
            await world.consumer.drain(deadline)
    except TimeoutError:
        log.warning("drain.deadline", seconds=deadline, left=len(population.bots))
