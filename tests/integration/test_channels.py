"""Channels for declarations that the broker refuses, on a real RabbitMQ."""

import asyncio

from prometheus_client import CollectorRegistry

from rabbit_chatter.broker import Node, topology
from rabbit_chatter.errors import NameTakenError
from rabbit_chatter.settings import BrokerSettings, Topology
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker

NAMES = [f"taken{number}" for number in range(100)]


async def claim(node: Node, name: str) -> bool:
    """Return whether the name was still free."""
    try:
        async with node.consumer.scratch() as channel:
            await topology.declare_inbox(channel, name, [], {})
    except NameTakenError:
        return False
    return True


async def test_many_refusals_cost_no_connection(broker: PrivateBroker) -> None:
    """A hundred names that another has, asked for at once and again and again, are refused one by one."""
    settings = BrokerSettings(amqp_url=broker.amqp_url())
    registry = CollectorRegistry()
    first = Node(settings, Metrics(CollectorRegistry(), "test"), Topology.TRACE, "test", "first")
    second = Node(settings, Metrics(registry, "test"), Topology.TRACE, "test", "second")
    async with first, second:
        await asyncio.gather(first.consume_link.channel(20), second.consume_link.channel(20))
        assert all(await asyncio.gather(*(claim(first, name) for name in NAMES)))
        for _ in range(10):
            assert not any(await asyncio.gather(*(claim(second, name) for name in NAMES)))
    assert registry.get_sample_value("chatter_broker_reconnects_total", {"link": "consume"}) == 0
