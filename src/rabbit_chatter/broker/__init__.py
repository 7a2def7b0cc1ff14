"""All that speaks AMQP. Nothing outside this package imports aio-pika."""

from rabbit_chatter.broker.consume import Consumer, Handler, Subscription
from rabbit_chatter.broker.instrumentation import instrument
from rabbit_chatter.broker.node import Node
from rabbit_chatter.broker.publish import Publisher

__all__ = ["Consumer", "Handler", "Node", "Publisher", "Subscription", "instrument"]
