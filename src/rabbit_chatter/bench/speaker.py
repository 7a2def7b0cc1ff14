"""Talk for ``bench page``: so many messages a second, of forty bots that are not there.

Run as a module by :mod:`rabbit_chatter.bench.page`: RATE, and the broker in ``CHATTER_AMQP_URL``.
"""

import asyncio
import itertools
import random
import sys
import time

import aio_pika
from aio_pika.abc import AbstractExchange

from rabbit_chatter import names
from rabbit_chatter.clock import now_ns
from rabbit_chatter.messages import APP_ID, CONTENT_TYPE, SENT_HEADER, Kind, Message, encode_body, new_id
from rabbit_chatter.settings import BrokerSettings

_BOTS = [f"speaker{number:02}" for number in range(40)]
_DIALECTS = ("gibberish", "echo", "eliza", "markov")
_TEXT = "The quick brown fox jumps over the lazy dog, and the dog writes a runbook about it."
_BEAT = 0.02  # seconds


async def speak(rate: float) -> None:
    """Say ``rate`` messages a second until the process is ended; nobody waits for confirms."""
    connection = await aio_pika.connect(BrokerSettings().amqp_url.get_secret_value())
    channel = await connection.channel(publisher_confirms=False)
    exchange = await channel.get_exchange(names.EXCHANGE, ensure=False)
    begun = time.perf_counter()
    for number in itertools.count():
        ahead = begun + number / rate - time.perf_counter()
        if ahead > _BEAT:
            await asyncio.sleep(ahead)
        await _say(exchange, number)


async def _say(exchange: AbstractExchange, number: int) -> None:
    one, other = random.sample(range(len(_BOTS)), 2)
    pair = f"{min(one, other)}-{max(one, other)}"
    message = Message(
        new_id(),
        Kind.DM,
        _BOTS[one],
        _TEXT,
        _BOTS[other],
        pair,
        number,
        dialect=_DIALECTS[one % len(_DIALECTS)],
    )
    trace = f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01"
    await exchange.publish(
        aio_pika.Message(
            encode_body(message),
            headers={SENT_HEADER: now_ns(), "traceparent": trace},
            message_id=message.id,
            correlation_id=pair,
            type=Kind.DM,
            app_id=APP_ID,
            content_type=CONTENT_TYPE,
        ),
        message.routing_key,
        mandatory=False,
    )


if __name__ == "__main__":
    asyncio.run(speak(float(sys.argv[1])))
