"""What follows from the broker's queues and connections, computed once per snapshot, by pure functions.

Names, arguments and client properties are written by whoever connects: what is no text of ours is left
out, and no text is longer than it needs to be.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rabbit_chatter import management, names
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


@dataclass(frozen=True)
class QueueView:
    """All that follows from one list of queues.

    Attributes:
        queues: by name.
        bots: by name.
        conversations: by the names of the two.
        messages_ready: in all queues but streams, which keep what was read.
        messages_unacknowledged: likewise.
        by_dialect: bots per dialect.
    """

    queues: Sequence[Queue]
    bots: Sequence[Bot]
    conversations: Sequence[Conversation]
    messages_ready: int
    messages_unacknowledged: int
    by_dialect: Mapping[str, int]
    _sorted: dict[tuple[Sort, Order], Sequence[Queue]] = field(default_factory=dict)

    def sorted(self, sort: Sort, order: Order) -> Sequence[Queue]:
        """Return the queues in that order, those that are equal by name; each order is computed once."""
        found = self._sorted.get((sort, order))
        if found is None:
            reverse = order is Order.DESC
            found = sorted(self.queues, key=lambda queue: getattr(queue, sort), reverse=reverse)
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


def view_queues(listed: Iterable[management.Queue]) -> QueueView:
    """Find the bots and the conversations among the queues."""
    by_name = sorted(listed, key=lambda queue: queue.name)
    queues = [_queue(raw) for raw in by_name]
    bots = [bot for raw in by_name if (bot := _bot(raw)) is not None]
    waiting = [queue for queue in queues if queue.type != _STREAM]
    return QueueView(
        queues=queues,
        bots=bots,
        conversations=_conversations(queues),
        messages_ready=sum(queue.ready for queue in waiting),
        messages_unacknowledged=sum(queue.unacknowledged for queue in waiting),
        by_dialect=dict(Counter(bot.dialect for bot in bots)),
    )


def view_connections(listed: Iterable[management.Connection]) -> ConnectionView:
    """Find rabbit-chatter's own processes among the connections."""
    found = {component for raw in listed if (component := _component(raw)) is not None}
    ordered = sorted(found)
    targets: dict[str, TargetGroup] = {}
    for one in ordered:
        if _ADDRESS.fullmatch(one[3]) and len(targets) < _MAX_TARGETS:
            targets.setdefault(one[3], target(*one))
    components = [Component(component=c, instance=i, version=v, metrics=m) for c, i, v, m in ordered]
    return ConnectionView(components, list(targets.values()))


def target(component: str, instance: str, version: str, metrics: str) -> TargetGroup:
    """Return one of Prometheus' target groups.

    Prometheus drops labels that begin with ``__meta_`` after relabelling: an instance's name changes with
    every restart and would begin new series each time.
    """
    labels = {
        "component": component,
        "__meta_chatter_instance": instance,
        "__meta_chatter_version": version,
    }
    return TargetGroup(targets=[metrics], labels=labels)


def _queue(raw: management.Queue) -> Queue:
    stats = raw.message_stats if isinstance(raw.message_stats, management.MessageStats) else None
    return Queue(
        name=raw.name,
        type=raw.type or "",
        messages=raw.messages or 0,
        ready=raw.messages_ready or 0,
        unacknowledged=raw.messages_unacknowledged or 0,
        consumers=raw.consumers or 0,
        memory=raw.memory or 0,
        publish_rate=_rate(stats.publish_details) if stats else 0.0,
        deliver_rate=_rate(stats.deliver_get_details) if stats else 0.0,
        idle_since=raw.idle_since,
        head_message_timestamp=raw.head_message_timestamp,
    )


def _rate(details: object) -> float:
    return details.rate if isinstance(details, management.Rate) else 0.0


def _bot(raw: management.Queue) -> Bot | None:
    name = names.bot_of_inbox(raw.name)
    if name is None:
        return None
    arguments = raw.arguments if isinstance(raw.arguments, dict) else {}
    return Bot(
        name=name,
        dialect=_text(arguments.get(DIALECT_ARGUMENT)),
        instance=_text(arguments.get(INSTANCE_ARGUMENT)),
        messages=raw.messages or 0,
    )


def _conversations(queues: Iterable[Queue]) -> list[Conversation]:
    pairs: dict[tuple[str, str], list[Direction]] = {}
    for queue in queues:
        pair = names.pair_of_dm_queue(queue.name)
        if pair is None:
            continue
        sender, to = pair
        between = (sender, to) if sender <= to else (to, sender)
        pairs.setdefault(between, []).append(
            Direction(
                sender=sender, to=to, queue=queue.name, messages=queue.messages, consumers=queue.consumers
            )
        )
    return [
        Conversation(between=between, messages=sum(d.messages for d in directions), directions=directions)
        for between, directions in sorted(pairs.items())
    ]


def _component(raw: management.Connection) -> tuple[str, str, str, str] | None:
    said = raw.client_properties if isinstance(raw.client_properties, dict) else {}
    component = said.get("component")
    if said.get("product") != PRODUCT or not isinstance(component, str):
        return None
    if not _COMPONENT.fullmatch(component):
        return None
    return component, _text(said.get("instance")), _text(said.get("version")), _text(said.get("metrics"))


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable() else ""
