"""Where the chat server is put together."""

from contextlib import AsyncExitStack

from rabbit_chatter import names
from rabbit_chatter.broker import Node, StreamReader, instrument
from rabbit_chatter.process import Process, process
from rabbit_chatter.server.alerts import Crier
from rabbit_chatter.server.app import create_app
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.bell import Bell
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.settings import BrokerSettings, ServerSettings

COMPONENT = "server"


async def serve(port: int, host: str | None = None) -> None:
    """Read the stream and answer until SIGTERM.

    Args:
        port: to listen on; 0 takes a free one.
        host: address to listen on; by default what ``CHATTER_HOST`` says.
    """
    settings = ServerSettings()
    async with process(COMPONENT, "chatter-server") as running, Bell() as bell:
        if host is not None:
            running.settings = running.settings.model_copy(update={"host": host})
        metrics = ServerMetrics(running.metrics.registry)
        crier = Crier()
        archive = Archive(settings.archive_messages, settings.archive_bytes, bell.strike, metrics.skip)
        metrics.watch(archive)
        running.checks["history"] = lambda: archive.complete
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(
                running.serving(create_app(archive, bell, metrics, crier), port)
            )
            # Listeners are sent home before HTTP closes, which would wait for them.
            stack.callback(bell.close)
            # Twice as many as are kept, as some cannot be read or were published twice.
            node = await _read(running, archive, 2 * settings.archive_messages, address, stack)
            crier.publish = node.publisher.publish
            await running.stopping.wait()


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
    reader = StreamReader(
        node.consume_link, names.FIREHOSE, archive, running.tracing.own, running.metrics, window
    )
    running.checks["broker"] = lambda: node.consume_link.is_open
    await stack.enter_async_context(node)
    stack.push_async_callback(reader.close)
    return node
