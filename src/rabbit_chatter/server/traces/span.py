"""One span, as the page draws it."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened during a span, such as an exception.

    Attributes:
        at_us: when, in microseconds since 1970.
    """

    name: str
    at_us: int
    attributes: dict[str, Any]


class Link(msgspec.Struct, frozen=True, gc=False):
    """Another span that caused this one without being its parent."""

    trace_id: str
    span_id: str


class Span(msgspec.Struct, frozen=True, gc=False):
    """A span whose times a JavaScript number can hold: microseconds since 1970 stay below 2^53 until 2255.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: likewise; ``None`` for a root.
        service: ``service.name`` of its resource.
        instance: ``service.instance.id``: for bots, the bot.
        kind: ``internal``, ``server``, ``client``, ``producer`` or ``consumer``.
        start_us: microseconds since 1970.
        duration_us: microseconds.
        error: whether its status is an error.
        message: why, if somebody said.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    service: str
    instance: str
    kind: str
    start_us: int
    duration_us: int
    error: bool = False
    message: str = ""
    attributes: dict[str, Any] = {}
    events: list[Event] = []
    links: list[Link] = []
