"""A connection that comes and goes, as clients make that open one for every message."""

import aio_pika

from rabbit_chatter.broker.connection import translated
from rabbit_chatter.settings import BrokerSettings


async def visit(settings: BrokerSettings) -> None:
    """Connect, open a channel, and leave.

    Raises:
        BrokerUnavailableError: RabbitMQ does not answer.
    """
    with translated():
        connection = await aio_pika.connect(settings.amqp_url.get_secret_value(), timeout=10)
        async with connection:
            await connection.channel()
