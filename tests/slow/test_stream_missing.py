"""A broker that listens before it can do its work, as after a crash."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from rabbit_chatter import names
from rabbit_chatter.broker import Node
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker
from support import eventually


async def test_nobody_speaks_before_the_stream_is_there(
    private_broker: Callable[[], PrivateBroker],
) -> None:
    """Where RabbitMQ listens but has no stream, a message waits for it; none goes past the page."""
    broker = private_broker()
    delete = [str(Path(broker.node.command()[0]).with_name("rabbitmqctl")), "delete_queue", names.FIREHOSE]
    registry = CollectorRegistry()
    settings = BrokerSettings(amqp_url=broker.amqp_url(), reconnect_max_delay=0.5)
    await asyncio.to_thread(
        subprocess.run, [*delete, "--vhost", "chatter"], env=broker.node.environment(), check=True
    )
    async with Node(settings, Metrics(registry, "test"), Topology.TRACE, "test", "early") as early:
        await eventually(lambda: early.consume_link.is_open)
        saying = asyncio.create_task(
            early.publisher.publish(Message(new_id(), Kind.TWEET, "early", "is anybody there?"))
        )
        with structlog.testing.capture_logs() as log:
            await eventually(lambda: any(names.FIREHOSE in entry.get("error", "") for entry in log))
        assert not saying.done()
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)  # the definitions bring the stream back
        await saying
    labels = {"messaging_destination_template": "tweet", "error_type": ""}
    assert registry.get_sample_value("messaging_client_sent_messages_total", labels) == 1
