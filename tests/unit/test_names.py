import random
import string
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabbit_chatter import names
from rabbit_chatter.errors import BadNameError

BOT_NAMES = st.text(string.ascii_lowercase + string.digits, min_size=3, max_size=20)


def generator(seed: str | int) -> Iterator[str]:
    """Return the names that a population with ``seed`` gives."""
    return names.bot_names(random.Random(seed))  # noqa: S311 - a game, not a secret


@given(BOT_NAMES, BOT_NAMES)
def test_accepted_names_are_read_back_from_queues(sender: str, to: str) -> None:
    """Whoever may bear a name is found again in the names of its queues, and in no others."""
    assert names.check_bot_name(sender) == sender
    assert names.pair_of_dm_queue(names.dm_queue(sender, to)) == (sender, to)
    assert names.bot_of_inbox(names.inbox(sender)) == sender
    assert names.bot_of_inbox(names.dm_queue(sender, to)) is None
    assert names.pair_of_dm_queue(names.inbox(sender)) is None


@given(st.text(max_size=30))
def test_what_is_refused_as_name_is_in_no_queue(text: str) -> None:
    """A text is a bot's name exactly if an inbox of that name would be a bot's."""
    try:
        names.check_bot_name(text)
    except BadNameError:
        assert names.bot_of_inbox(names.inbox(text)) is None
    else:
        assert names.bot_of_inbox(names.inbox(text)) == text


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 21, "Anna", "anna-berta", "anna.", "änna", "anna\n", "١٢٣", "*", "#", "anna berta"],
)
def test_names_that_would_confuse_routing_are_refused(name: str) -> None:
    """Too short, too long, capitals, dashes, dots, wildcards, line ends and other scripts' digits."""
    with pytest.raises(BadNameError, match="3 to 20 of the characters a-z and 0-9"):
        names.check_bot_name(name)


@pytest.mark.parametrize(
    "queue", ["a-b", "anna-berta-carla", "anna-", "bot.anna", "anna-berta\n", "Anna-berta", ""]
)
def test_other_queues_carry_no_conversation(queue: str) -> None:
    """A queue that is not exactly `<from>-<to>` belongs to nobody's conversation."""
    assert names.pair_of_dm_queue(queue) is None


@pytest.mark.parametrize(
    "queue", ["bot.", "bot.ab", "bot.anna.x", "bot.bot.anna", "anna", names.DEAD_LETTERS, names.FIREHOSE]
)
def test_other_queues_are_nobodys_inbox(queue: str) -> None:
    """A queue that is not exactly `bot.<name>` is no inbox."""
    assert names.bot_of_inbox(queue) is None


@given(st.integers())
def test_generated_names_are_valid(seed: int) -> None:
    """Whatever the seed, every generated name may be borne, also those with a number."""
    for name in islice(generator(seed), 300):
        assert names.check_bot_name(name) == name


def test_generated_names_follow_the_seed() -> None:
    """The same seed gives the same names, another seed others."""
    first, again, other = (list(islice(generator(s), 400)) for s in ("a", "a", "b"))
    assert first == again
    assert first != other


def test_generated_names_seldom_collide() -> None:
    """Of a thousand generated names hardly any comes twice, so a crowd is soon named."""
    generated = list(islice(generator("crowd"), 1000))
    assert len(set(generated)) > 980


@given(BOT_NAMES, BOT_NAMES)
def test_keys_say_who_speaks_to_whom(sender: str, to: str) -> None:
    """A routing key is three words at most, so that `dm.anna.*` and `dm.*.anna` find what they say."""
    assert names.dm_key(sender, to).split(".") == ["dm", sender, to]
    assert names.tweet_key(sender).split(".") == ["tweet", sender]
    assert names.invite_key(to).split(".") == ["invite", to]
