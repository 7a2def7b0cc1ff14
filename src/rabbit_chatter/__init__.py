"""Chat bots talking over RabbitMQ, built to be observed."""

from importlib.metadata import version

__version__ = version("rabbit-chatter")
