"""When a conversation is over at both ends: what crossed a goodbye has been read, and nothing follows."""

import asyncio

import structlog

from rabbit_chatter.bots.world import World
from rabbit_chatter.broker import topology
from rabbit_chatter.errors import ChatterError

_LINGER_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 0.3

log = structlog.get_logger()


async def nothing_follows(world: World, name: str, partner: str, outcome: str) -> bool:
    """Wait for what may still come from ``partner``; return whether nothing can after that.

    Args:
        world: the surroundings.
        name: whose conversation ended.
        partner: with whom.
        outcome: how it ended, as metrics tell it.
    """
    if outcome == "finished":  # its last word may have crossed a goodbye
        await world.pause(_LINGER_SECONDS)
        return not world.hurry.is_set()
    if outcome != "left":
        return False
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            # Whoever is given our goodbye has acknowledged, and so answered, what we said before. When its
            # queue is empty, those answers are in ours.
            await _until_taken(world, name, partner)
            await _until_taken(world, partner, name)
    except (TimeoutError, ChatterError) as error:
        log.debug("bot.left_unread", bot=name, partner=partner, error=str(error))
        return False
    return True


async def _until_taken(world: World, sender: str, to: str) -> None:
    waiting = 1
    while waiting:
        async with world.consumer.scratch() as channel:
            waiting = await topology.unread_dm(channel, sender, to)
        if waiting:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
