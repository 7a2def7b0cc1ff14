"""All that speaks AMQP. Nothing outside this package imports aio-pika."""

from rabbit_chatter.broker.connection import Link
from rabbit_chatter.broker.consume import Consumer
from rabbit_chatter.broker.delivery import Handler, Subscription
from rabbit_chatter.broker.entry import Entry, Listener
from rabbit_chatter.broker.instrumentation import instrument
from rabbit_chatter.broker.node import Node, client_properties
from rabbit_chatter.broker.publish import Publisher
from rabbit_chatter.broker.stream import StreamReader
from rabbit_chatter.broker.visit import visit

__all__ = [
    "Consumer",
    "Entry",
    "Handler",
    "Link",
    "Listener",
    "Node",
    "Publisher",
    "StreamReader",
    "Subscription",
    "client_properties",
    "instrument",
    "visit",
]
