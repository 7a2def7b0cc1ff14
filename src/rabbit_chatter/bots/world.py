"""What all bots of a process share."""

import asyncio
from dataclasses import dataclass, field

from rabbit_chatter.bots.directory import Directory
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.broker import Consumer, Publisher
from rabbit_chatter.settings import QueueType
from rabbit_chatter.telemetry.tracing import Tracing


@dataclass
class World:
    """The surroundings of a bot.

    Attributes:
        instance: name of this process.
        tempo: how fast everybody is.
        publisher: carries what bots say.
        consumer: brings what they hear.
        directory: knows who is there.
        tracing: gives each bot a tracer of its own.
        metrics: of the population.
        tasks: side work that outlives the message that caused it.
        queue_type: what conversations' queues are.
        capture_content: write what language models are asked and answer into traces.
        hurry: set when the process drains; nobody pauses any more.
    """

    instance: str
    tempo: float
    publisher: Publisher
    consumer: Consumer
    directory: Directory
    tracing: Tracing
    metrics: BotMetrics
    tasks: asyncio.TaskGroup
    queue_type: QueueType = QueueType.CLASSIC
    capture_content: bool = False
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, seconds: float) -> None:
        """Take time, as people do, unless the process drains."""
        if not self.hurry.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self.hurry.wait()
            except TimeoutError:
                pass
