import random
from itertools import pairwise

import pytest

from rabbit_chatter.management import Connection, MessageStats, Queue, Rate
from rabbit_chatter.queue_manager.snapshot import (
    Order,
    Sort,
    show_bot,
    show_conversation,
    show_queue,
    view_connections,
    view_queues,
)

MANY = 4000


def network() -> list[Queue]:
    """Return the queues of 4,000 bots, each talking with its neighbour, in no order."""
    rng = random.Random(7)  # noqa: S311 - an order, not a secret
    queues = [Queue("chatter.firehose", "stream", messages=9_000_000, messages_ready=9_000_000)]
    for number in range(MANY):
        bot = f"bot{number:04}"
        arguments = {"x-chatter-dialect": "echo" if number % 4 else "eliza", "x-chatter-instance": "a-1"}
        queues.append(Queue(f"bot.{bot}", "classic", arguments, messages=number % 3))
        if number % 2:
            before = f"bot{number - 1:04}"
            queues.append(
                Queue(f"{bot}-{before}", "classic", messages=5, messages_ready=4, messages_unacknowledged=1)
            )
            queues.append(Queue(f"{before}-{bot}", "classic", messages=number, consumers=1))
    rng.shuffle(queues)
    return queues


def test_bots_are_the_inboxes() -> None:
    """Every inbox is a bot, by name, with what it was declared with."""
    view = view_queues(network())
    shown = [show_bot(inbox) for inbox in view.bots]
    assert [bot.name for bot in shown] == [f"bot{number:04}" for number in range(MANY)]
    assert (shown[0].dialect, shown[1].dialect, shown[1].instance) == ("eliza", "echo", "a-1")
    assert view.by_dialect == {"eliza": MANY // 4, "echo": MANY - MANY // 4}


def test_conversations_merge_both_directions() -> None:
    """Two queues between two bots are one conversation; a queue alone is one as well."""
    view = view_queues([*network(), Queue("zoe-abe", messages=2)])
    assert len(view.conversations) == MANY // 2 + 1
    lonely, first = show_conversation(view.conversations[0]), show_conversation(view.conversations[1])
    assert lonely.between == ("abe", "zoe")
    assert [(way.sender, way.to, way.messages) for way in lonely.directions] == [("zoe", "abe", 2)]
    assert first.between == ("bot0000", "bot0001")
    assert {way.queue: way.messages for way in first.directions} == {
        "bot0000-bot0001": 1,
        "bot0001-bot0000": 5,
    }
    assert first.messages == 6


def test_archive_is_not_waiting() -> None:
    """A stream keeps what was read; its length is no backlog."""
    view = view_queues(network())
    assert view.messages_ready == 4 * MANY // 2
    assert view.messages_unacknowledged == MANY // 2


@pytest.mark.parametrize("sort", list(Sort))
def test_every_sort_order(sort: Sort) -> None:
    """Queues come sorted by any column, up or down, equal ones by name, and each order is made once."""
    view = view_queues(network())
    up, down = view.sorted(sort, Order.ASC), view.sorted(sort, Order.DESC)
    values = [getattr(show_queue(queue), sort) for queue in up]
    assert values == sorted(values)
    assert [getattr(show_queue(queue), sort) for queue in down] == values[::-1]
    for one, other in pairwise(down):
        if getattr(show_queue(one), sort) == getattr(show_queue(other), sort):
            assert one.name < other.name
    assert view.sorted(sort, Order.ASC) is up


def test_rates_are_shown() -> None:
    """The broker's rates reach the answer."""
    listed = [Queue("a", message_stats=MessageStats(Rate(1.5), Rate(0.5))), Queue("b")]
    first, second = (show_queue(queue) for queue in view_queues(listed).queues)
    assert (first.publish_rate, first.deliver_rate, second.publish_rate) == (1.5, 0.5, 0.0)


@pytest.mark.parametrize(
    "value", [7, 1.5, None, True, ["x"], {"a": 1}, "x" * 101, "a\nb", "a\x00b", "\u202ex"]
)
def test_foreign_text_is_left_out(value: object) -> None:
    """What somebody declared as a dialect and is no short printable text is not passed on."""
    bot = show_bot(Queue("bot.merryotter", arguments={"x-chatter-dialect": value}))
    assert (bot.name, bot.dialect) == ("merryotter", "")


def test_names_that_are_no_bots() -> None:
    """Queues of other shapes are neither bots nor conversations."""
    odd = [
        "bot.",
        "bot.AB",
        "bot.a-b",
        "a-b",
        "abc-def-ghi",
        "control.x",
        "chatter.dead-letters",
        "",
        "bot.abc\n",
    ]
    view = view_queues([Queue(name) for name in odd])
    assert (list(view.bots), list(view.conversations), len(view.queues)) == ([], [], len(odd))


def says(**properties: object) -> Connection:
    """Return a connection of one of our processes."""
    return Connection(client_properties={"product": "rabbit-chatter", **properties})


def test_components_and_targets_are_unique() -> None:
    """A process with two connections is one component, and two with one address are one target."""
    bots = {"component": "bots", "instance": "a-1", "version": "1", "metrics": "127.0.0.1:8090"}
    view = view_connections(
        [
            says(**bots),
            says(**bots),
            says(**{**bots, "instance": "a-2"}),
            says(component="server", metrics=""),
        ]
    )
    assert [(one.component, one.instance) for one in view.components] == [
        ("bots", "a-1"),
        ("bots", "a-2"),
        ("server", ""),
    ]
    (group,) = view.targets
    assert group.targets == ["127.0.0.1:8090"]
    assert group.labels["component"] == "bots"


def test_foreign_connections_are_no_components() -> None:
    """Other programs, odd component names and empty properties are passed over."""
    others = [
        Connection(client_properties=[]),
        Connection(client_properties=None),
        Connection(client_properties={"product": "pika", "component": "bots", "metrics": "x:1"}),
        says(component="UPPER"),
        says(component={"a": 1}),
        says(),
    ]
    assert view_connections(others).components == []


@pytest.mark.parametrize(
    "address", ["", "x", "x:", ":1", "x:y", "x:123456", "http://x:1", "x:1/path", "a b:1", "[::1:80", 7, None]
)
def test_bad_addresses_are_no_targets(address: object) -> None:
    """Prometheus refuses a whole list for one bad target, so a bad one is left out."""
    view = view_connections(
        [says(component="bots", metrics=address), says(component="server", metrics="[::1]:80")]
    )
    assert len(view.components) == 2
    assert [group.targets for group in view.targets] == [["[::1]:80"]]


def test_targets_are_bounded() -> None:
    """A client that invents a process per connection cannot fill Prometheus' list."""
    view = view_connections(says(component="bots", metrics=f"host{n}:1") for n in range(5000))
    assert len(view.targets) == 1000
