"""Names of bots, queues and routing keys: everything said can be read from its key."""

import random
import re
from collections.abc import Iterator

from rabbit_chatter.errors import BadNameError

EXCHANGE = "chatter"
DEAD_EXCHANGE = "chatter.dead"
DEAD_LETTERS = "chatter.dead-letters"
FIREHOSE = "chatter.firehose"
CONTROL = "chatter.control"

INBOX_PREFIX = "bot."

# RabbitMQ's: header of a delivery (its place in the stream), argument of a consumer (where to begin).
STREAM_OFFSET = "x-stream-offset"

_BOT_NAME = re.compile(r"[a-z0-9]{3,20}")
_DM_QUEUE = re.compile(r"([a-z0-9]{3,20})-([a-z0-9]{3,20})")

# No word here is longer than nine letters, so that two of them and a number fit into a name.
_TEMPERS = (
    "amber brisk calm clever cosy curious daring eager early fancy gentle giddy golden happy honest "
    "humble jolly keen kind lively lucky mellow merry mighty misty nimble noble patient perky plucky "
    "polite proud quick quiet rapid rosy shiny silent sleepy smart snappy solid sparkly sunny swift tidy "
    "tiny upbeat velvet vivid warm wise witty zesty"
).split()
_ANIMALS = (
    "badger bat bear beaver bee bison bunny camel cat cobra crab crane crow deer dingo dove duck eagle "
    "eel falcon ferret finch fox frog gecko goose hare hawk heron horse ibex jackal koala lark lemur lion "
    "llama lynx magpie mole moose mouse newt otter owl panda parrot pigeon pony puffin quail rabbit raven "
    "robin seal shrew sloth snail sparrow squid stork swan tiger toad trout turtle vole walrus weasel "
    "whale wolf wombat wren yak zebra"
).split()


def check_bot_name(name: str) -> str:
    """Return ``name`` if a bot may bear it.

    Raises:
        BadNameError: it is not 3 to 20 of ``a-z0-9``. A dash would make ``<from>-<to>`` ambiguous.
    """
    if not _BOT_NAME.fullmatch(name):
        raise BadNameError(f"{name[:40]!r} is no bot name: use 3 to 20 of the characters a-z and 0-9")
    return name


def bot_names(rng: random.Random) -> Iterator[str]:
    """Yield readable names without end, such as ``merryotter``, the same for the same ``rng``.

    Numbers join once plain pairs would begin to collide, as with birthdays.
    """
    given = 0
    while True:
        number = "" if given < 200 else str(rng.randrange(10, 1000))
        yield f"{rng.choice(_TEMPERS)}{rng.choice(_ANIMALS)}{number}"
        given += 1


def inbox(bot: str) -> str:
    """Return the queue that exists exactly while ``bot`` lives."""
    return INBOX_PREFIX + bot


def bot_of_inbox(queue: str) -> str | None:
    """Return whose inbox ``queue`` is, or ``None`` if it is none."""
    name = queue.removeprefix(INBOX_PREFIX)
    return name if name != queue and _BOT_NAME.fullmatch(name) else None


def dm_queue(sender: str, to: str) -> str:
    """Return the queue that carries what ``sender`` says to ``to``."""
    return f"{sender}-{to}"


def pair_of_dm_queue(queue: str) -> tuple[str, str] | None:
    """Return ``(sender, to)`` of a conversation's queue, or ``None`` if it is none."""
    match = _DM_QUEUE.fullmatch(queue)
    return (match[1], match[2]) if match else None


def dm_key(sender: str, to: str) -> str:
    """Return the routing key of a direct message."""
    return f"dm.{sender}.{to}"


def tweet_key(sender: str) -> str:
    """Return the routing key of a tweet."""
    return f"tweet.{sender}"


def invite_key(to: str) -> str:
    """Return the routing key of an invitation."""
    return f"invite.{to}"
