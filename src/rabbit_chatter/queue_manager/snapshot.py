"""What follows from the broker's queues and connections, computed once per snapshot, by pure functions.

Names, arguments and client properties are written by whoever connects: what is no text of ours is left
out, and no text is longer than it needs to be.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rabbit_chatter import names
from rabbit_chatter.management import Connection
from rabbit_chatter.management import Queue as Listed
from rabbit_chatter.queue_manager.models import (
    Bot,
    Component,
    Conversation,
    Direction,
    Queue,
    TargetGroup,
)

PRODUCT = "rabbit-chatter"
# As the bots declare them; `broker.topology` says so too, but would bring AMQP in here.
DIALECT_ARGUMENT = "x-chatter-dialect"
INSTANCE_ARGUMENT = "x-chatter-instance"

_STREAM = "stream"
_MAX_TEXT = 100
_MAX_TARGETS = 1000
_COMPONENT = re.compile(r"[a-z][a-z-]{0,39}")
_ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


class Sort(StrEnum):
    """By what queues may be sorted."""

    NAME = "name"
    TYPE = "type"
    MESSAGES = "messages"
    READY = "ready"
    UNACKNOWLEDGED = "unacknowledged"
    CONSUMERS = "consumers"
    MEMORY = "memory"
    PUBLISH_RATE = "publish_rate"
    DELIVER_RATE = "deliver_rate"


class Order(StrEnum):
    """Smallest first, or largest first."""

    ASC = "asc"
    DESC = "desc"


_KEYS: Mapping[Sort, Callable[[Listed], str | float]] = {
    Sort.NAME: lambda queue: queue.name,
    Sort.TYPE: lambda queue: queue.type or "",
    Sort.MESSAGES: lambda queue: queue.messages or 0,
    Sort.READY: lambda queue: queue.messages_ready or 0,
    Sort.UNACKNOWLEDGED: lambda queue: queue.messages_unacknowledged or 0,
    Sort.CONSUMERS: lambda queue: queue.consumers or 0,
    Sort.MEMORY: lambda queue: queue.memory or 0,
    Sort.PUBLISH_RATE: lambda queue: queue.publish_rate,
    Sort.DELIVER_RATE: lambda queue: queue.deliver_rate,
}


class Pair(NamedTuple):
    """Two bots and the queues between them."""

    between: tuple[str, str]
    queues: list[Listed]


@dataclass(frozen=True)
class QueueView:
    """All that follows from one list of queues; what a page shows is made from it with the functions below.

    Attributes:
        queues: by name.
        bots: the inboxes, by name.
        conversations: by the names of the two.
        messages_ready: in all queues but streams, which keep what was read.
        messages_unacknowledged: likewise.
        by_dialect: bots per dialect.
    """

    queues: Sequence[Listed]
    bots: Sequence[Listed]
    conversations: Sequence[Pair]
    messages_ready: int
    messages_unacknowledged: int
    by_dialect: Mapping[str, int]
    _sorted: dict[tuple[Sort, Order], Sequence[Listed]] = field(default_factory=dict)

    def sorted(self, sort: Sort, order: Order) -> Sequence[Listed]:
        """Return the queues in that order, those that are equal by name; each order is computed once."""
        found = self._sorted.get((sort, order))
        if found is None:
            found = sorted(self.queues, key=_KEYS[sort], reverse=order is Order.DESC)
            self._sorted[sort, order] = found
        return found


@dataclass(frozen=True)
class ConnectionView:
    """All that follows from one list of connections.

    Attributes:
        components: each process once, though it has two connections.
        targets: one per metrics address.
    """

    components: Sequence[Component]
    targets: Sequence[TargetGroup]


def view_queues(listed: Iterable[Listed]) -> QueueView:
    """Find the bots and the conversations among the queues."""
    queues = sorted(listed, key=_KEYS[Sort.NAME])
    bots = [queue for queue in queues if names.bot_of_inbox(queue.name)]
    waiting = [queue for queue in queues if queue.type != _STREAM]
    return QueueView(
        queues=queues,
        bots=bots,
        conversations=_pairs(queues),
        messages_ready=sum(queue.messages_ready or 0 for queue in waiting),
        messages_unacknowledged=sum(queue.messages_unacknowledged or 0 for queue in waiting),
        by_dialect=Counter(_text(bot.argument(DIALECT_ARGUMENT)) for bot in bots),
    )


def _pairs(queues: Iterable[Listed]) -> list[Pair]:
    found: dict[tuple[str, str], list[Listed]] = {}
    for queue in queues:
        pair = names.pair_of_dm_queue(queue.name)
        if pair is not None:
            between = pair if pair[0] <= pair[1] else (pair[1], pair[0])
            found.setdefault(between, []).append(queue)
    return [Pair(between, found[between]) for between in sorted(found)]


def view_connections(listed: Iterable[Connection]) -> ConnectionView:
    """Find rabbit-chatter's own processes among the connections."""
    components = sorted({found for raw in listed if (found := _component(raw)) is not None})
    targets: dict[str, TargetGroup] = {}
    for one in components:
        if _ADDRESS.fullmatch(one.metrics) and len(targets) < _MAX_TARGETS:
            targets.setdefault(one.metrics, target(one))
    return ConnectionView(components, list(targets.values()))


def target(one: Component) -> TargetGroup:
    """Return a process as Prometheus' target.

    Prometheus drops labels that begin with ``__meta_`` after relabelling: an instance's name changes with
    every restart and would begin new series each time.
    """
    labels = {
        "component": one.component,
        "__meta_chatter_instance": one.instance,
        "__meta_chatter_version": one.version,
    }
    return TargetGroup(targets=[one.metrics], labels=labels)


def show_queue(queue: Listed) -> Queue:
    """Return a queue as we answer it."""
    return Queue(
        name=queue.name,
        type=queue.type or "",
        messages=queue.messages or 0,
        ready=queue.messages_ready or 0,
        unacknowledged=queue.messages_unacknowledged or 0,
        consumers=queue.consumers or 0,
        memory=queue.memory or 0,
        publish_rate=queue.publish_rate,
        deliver_rate=queue.deliver_rate,
        idle_since=queue.idle_since,
        head_message_timestamp=queue.head_message_timestamp,
    )


def show_bot(inbox: Listed) -> Bot:
    """Return the bot that lives behind an inbox."""
    return Bot(
        name=names.bot_of_inbox(inbox.name) or "",
        dialect=_text(inbox.argument(DIALECT_ARGUMENT)),
        instance=_text(inbox.argument(INSTANCE_ARGUMENT)),
        messages=inbox.messages or 0,
    )


def show_conversation(pair: Pair) -> Conversation:
    """Return a conversation with what waits in each direction."""
    directions = []
    for queue in pair.queues:
        sender, to = names.pair_of_dm_queue(queue.name) or ("", "")
        directions.append(
            Direction(
                sender=sender,
                to=to,
                queue=queue.name,
                messages=queue.messages or 0,
                consumers=queue.consumers or 0,
            )
        )
    waiting = sum(direction.messages for direction in directions)
    return Conversation(between=pair.between, messages=waiting, directions=directions)


def _component(raw: Connection) -> Component | None:
    component = _text(raw.says("component"))
    if raw.says("product") != PRODUCT or not _COMPONENT.fullmatch(component):
        return None
    return Component(
        component=component,
        instance=_text(raw.says("instance")),
        version=_text(raw.says("version")),
        metrics=_text(raw.says("metrics")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable() else ""
