"""Where the chat server is put together."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from fastapi import FastAPI

from rabbit_chatter import names
from rabbit_chatter.broker import (
    Link,
    Node,
    StreamReader,
    Subscription,
    instrument,
    topology,
)
from rabbit_chatter.incidents.agent import Agent
from rabbit_chatter.incidents.annotations import Annotator
from rabbit_chatter.incidents.catalogue import load
from rabbit_chatter.messages import Message
from rabbit_chatter.process import Process, process
from rabbit_chatter.server.alerts import Crier
from rabbit_chatter.server.app import Parts, create_app
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.bell import Bell
from rabbit_chatter.server.firing import Firing
from rabbit_chatter.server.guard import require_token
from rabbit_chatter.server.incidents import Desk, add_incidents
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.server.relay import Relay
from rabbit_chatter.server.traces.keeper import Keeper
from rabbit_chatter.settings import (
    BrokerSettings,
    GrafanaSettings,
    NeighbourSettings,
    ServerSettings,
    TraceStoreSettings,
)
from rabbit_chatter.tasks import ended
from rabbit_chatter.telemetry.annotations import Annotations

COMPONENT = "server"

# Spans that are received must not make new ones, and what an open page asks every second would bury the talk.
_UNTRACED = (
    "v1/traces,/traces/,/queues,/stats,/tools,/static/,/bots,/conversations,/messages/,/alerts/active,"
    "/exercises"
)

log = structlog.get_logger()


async def serve(port: int, host: str | None = None) -> None:
    """Read the stream and answer until SIGTERM.

    Args:
        port: to listen on; 0 takes a free one.
        host: address to listen on; by default what ``CHATTER_HOST`` says.
    """
    settings, neighbours = ServerSettings(), NeighbourSettings()
    async with process(COMPONENT, "chatter-server") as running, Bell() as bell, AsyncExitStack() as stack:
        if host is not None:
            running.settings = running.settings.model_copy(update={"host": host})
        metrics = ServerMetrics(running.metrics.registry)
        crier = Crier()
        archive = Archive(
            settings.archive_messages, settings.archive_bytes, bell.strike, metrics.skip, crier.hear
        )
        parts = Parts(
            archive,
            bell,
            metrics,
            crier,
            Firing(),
            _keeper(),
            Relay(running.settings.queue_manager_url),
            neighbours,
        )
        metrics.watch(archive)
        metrics.watch_traces(parts.keeper)
        running.checks["history"] = lambda: archive.complete
        stack.callback(parts.keeper.close)
        stack.push_async_callback(parts.relay.close)
        app = create_app(parts)
        annotator, catalogue = Annotator(Annotations(GrafanaSettings())), load()
        agent = Agent(COMPONENT, running.seams, catalogue, annotator.note)
        desk = Desk(catalogue, agent, annotator)
        add_incidents(app, desk)
        _protect(app, running.settings.host, settings.token.get_secret_value())
        address = await stack.enter_async_context(running.serving(app, port, _UNTRACED))
        if address in (running.telemetry.traces_url or ""):
            # Our own last spans come while we still receive; later the exporter would knock at a closed door.
            stack.push_async_callback(asyncio.to_thread, running.tracing.flush)
        # Listeners are sent home before HTTP closes, which would wait for them.
        stack.callback(bell.close)
        if neighbours.alertmanager_url:
            follow = parts.firing.follow(neighbours.alertmanager_url)
            stack.push_async_callback(ended, asyncio.create_task(follow, name="alertmanager"))
        # Twice as many as are kept, as some cannot be read or were published twice.
        node = await _read(running, archive, 2 * settings.archive_messages, address, stack)
        crier.publish = desk.publish = agent.publish = node.publisher.publish
        await stack.enter_async_context(agent)
        stack.push_async_callback(ended, asyncio.create_task(_obey(node, running, agent)))
        await running.stopping.wait()


def _protect(app: FastAPI, host: str, chosen: str) -> None:
    """Ask for a token off loopback, and say which one unless somebody chose it, who then knows it."""
    token = require_token(app, host, chosen)
    if token is not None:
        told = "the one in CHATTER_TOKEN" if chosen else token
        log.warning("http.token", token=told, needed_for="requests that change something", send_as="Bearer")


def _keeper() -> Keeper:
    settings = TraceStoreSettings()
    return Keeper(Path(settings.file) if settings.file else None, settings.spans, settings.bytes)


async def _read(running: Process, archive: Archive, window: int, address: str, stack: AsyncExitStack) -> Node:
    node = Node(
        BrokerSettings(),
        running.metrics,
        running.tracing.topology,
        COMPONENT,
        running.settings.instance,
        running.settings.metrics_address or address,
    )
    instrument(running.tracing, running.metrics, node.consume_link.host, node.consume_link.port)
    # Of its own: the reader acknowledges many deliveries at once, and would acknowledge orders, too.
    link = Link(node.settings, "stream", node.properties, running.metrics)
    reader = StreamReader(link, names.FIREHOSE, archive, running.tracing.own, running.metrics, window)
    running.checks["broker"] = lambda: link.is_open and node.consume_link.is_open
    await stack.enter_async_context(node)
    await stack.enter_async_context(link)
    stack.push_async_callback(reader.close)
    return node


async def _obey(node: Node, running: Process, agent: Agent) -> None:
    """Listen to orders from now on, and learn of earlier ones; those about bots are nobody's here."""
    control = f"control.{running.settings.instance}"
    subscription = Subscription(
        control,
        agent.around(_ignore),
        running.tracing.own,
        declare=lambda channel: topology.declare_control(channel, control),
    )
    await node.consumer.subscribe(subscription, patience=float("inf"))
    await agent.learn()


async def _ignore(_: Message) -> None:
    """Leave an order to those whom it concerns."""
