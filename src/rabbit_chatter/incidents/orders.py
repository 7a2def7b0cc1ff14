"""What is said on the control fanout about incidents."""

import re
from typing import Annotated

import msgspec

from rabbit_chatter.errors import IncidentError
from rabbit_chatter.incidents.catalogue import LONGEST_SECONDS, SHORTEST_SECONDS

MAX_SEED = 100
_LENGTH = 500
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}

# Whoever may write to the control fanout may order anything; no order lasts longer than an hour.
Lasting = Annotated[int, msgspec.Meta(ge=SHORTEST_SECONDS, le=LONGEST_SECONDS)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seed = Annotated[str, msgspec.Meta(max_length=MAX_SEED)]


class Start(msgspec.Struct, frozen=True, tag="start", tag_field="do"):
    """Begin an incident, or begin it anew with another time.

    Attributes:
        name: of the incident.
        seconds: until it ends by itself.
        intensity: from 0 to 1.
        seed: decides whom it hits.
        secret: nobody tells which it is.
    """

    name: str
    seconds: Lasting
    intensity: Share
    seed: Seed
    secret: bool = False


class Stop(msgspec.Struct, frozen=True, tag="stop", tag_field="do"):
    """End one incident, or all where no name is given."""

    name: str | None = None


class Ask(msgspec.Struct, frozen=True, tag="ask", tag_field="do"):
    """Tell what runs: whoever asks was not there when it was ordered."""


class Told(msgspec.Struct, frozen=True, tag="told", tag_field="do"):
    """The answer: an order that is being obeyed.

    Attributes:
        order: as it was given.
        began: when it was heard, in seconds since 1970.
    """

    order: Start
    began: Annotated[float, msgspec.Meta(ge=0, le=1e11)]


Order = Start | Stop | Ask | Told


class Control(msgspec.Struct, frozen=True):
    """The text of a control message that is about incidents."""

    incident: Order


def encode(order: Order) -> str:
    """Return the text of a control message; all are equally long, as spans tell the size of a message."""
    return msgspec.json.encode(Control(order)).decode().ljust(_LENGTH)


def decode(text: str) -> Order | None:
    """Return the order in a control message, or ``None`` if it is about something else.

    Raises:
        IncidentError: it is about an incident, and wrong.
    """
    try:
        if not isinstance(said := msgspec.json.decode(text), dict) or "incident" not in said:
            return None
        return msgspec.convert(said, Control).incident
    except msgspec.ValidationError as error:
        raise IncidentError(f"no order about an incident: {error}") from error
    except msgspec.DecodeError:
        return None


def seconds(text: str) -> int:
    """Return how long ``90``, ``90s``, ``5m`` or ``1h`` is.

    Raises:
        IncidentError: it is no duration, or too short or too long.
    """
    found = re.fullmatch(r"(\d{1,6})([smh]?)", text.strip())
    length = int(found[1]) * _UNITS[found[2]] if found else 0
    if not SHORTEST_SECONDS <= length <= LONGEST_SECONDS:
        raise IncidentError(
            f"{text[:20]!r} is no time for an incident: write 90s or 5m, from {SHORTEST_SECONDS}s to 1h"
        )
    return length
