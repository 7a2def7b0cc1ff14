"""The incidents that there are: one file ``incidents/NAME.toml`` each, read into frozen objects."""

import difflib
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from rabbit_chatter.errors import IncidentError
from rabbit_chatter.incidents.faults import FAULTS

LONGEST_SECONDS = 3600
SHORTEST_SECONDS = 5

_CHECKOUT = Path(__file__).parents[3] / "incidents"
_NAME = re.compile(r"[a-z]+(-[a-z]+)*")
_AT = re.compile(r" - at `\$\.?([^`]*)`")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_SECONDS)]


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one sees it.

    Attributes:
        panels: of the dashboards, as ``chatter-queues/Waiting and in hand``.
        page: in the talk itself, if anything is to be seen there.
        trace: in a conversation's trace, if anything is to be seen there.
    """

    panels: tuple[Text, ...]
    page: str = ""
    trace: str = ""


class Inject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is broken, and how much.

    Attributes:
        fault: name of the wrapper; see :data:`rabbit_chatter.incidents.faults.FAULTS`.
        component: around which process it goes; ``operator`` stands for the command line, which does
            something to a process.
        intensity_means: what the number from 0 to 1 is a share of.
        intensity: unless somebody wants another.
        lasts: seconds, unless somebody wants another time.
        parameters: of the fault.
    """

    fault: Text
    component: Literal["bots", "server", "operator"]
    intensity_means: Text
    intensity: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    lasts: Annotated[int, msgspec.Meta(ge=SHORTEST_SECONDS, le=LONGEST_SECONDS)] = 300
    parameters: Mapping[str, int | float | str] = {}


class Alert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Prometheus says of it, at the intensity that is the file's own.

    Attributes:
        fires: the alert that should fire.
        within: seconds from the start until it fires.
        resolves: seconds from the end until it is over.
        may: alerts that may fire as well, as they follow from it. Any other must not.
        never: of those others, the ones that somebody might expect.
        none: why there is no alert, where there is none.
    """

    fires: str = ""
    within: Annotated[int, msgspec.Meta(ge=0, le=600)] = 0
    resolves: Annotated[int, msgspec.Meta(ge=0, le=900)] = 0
    may: tuple[Text, ...] = ()
    never: tuple[Text, ...] = ()
    none: str = ""


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One incident, complete.

    Attributes:
        title: a few words.
        kind: whether the work suffers, or what we see of it.
        story: what happened, for the teacher to tell.
        symptom: what one notices.
        clears: how it ends, and what is left for a while.
        look: where one sees it.
        inject: what is broken.
        alert: what Prometheus says.
        name: the file's.
    """

    title: Text
    kind: Literal["work", "telemetry"]
    story: Text
    symptom: Text
    clears: Text
    look: Look
    inject: Inject
    alert: Alert
    name: str = ""

    @property
    def for_operator(self) -> bool:
        """Whether it is done to a process from outside, by the command line."""
        return self.inject.component == "operator"


def parse(text: str, source: str) -> Incident:
    """Read one incident.

    Args:
        text: TOML.
        source: name of its file, such as ``slow-consumer.toml``; the incident is called after it.

    Raises:
        IncidentError: names the file and the key that is wrong.
    """
    try:
        incident = msgspec.toml.decode(text, type=Incident)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        key = at[1] if at else "the file"
        raise IncidentError(f"incidents/{source}: {key}: {_AT.sub('', str(error))}") from error
    except msgspec.DecodeError as error:
        raise IncidentError(f"incidents/{source}: no TOML: {error}") from error
    incident = msgspec.structs.replace(incident, name=source.removesuffix(".toml"))
    for key, problem in _problems(incident):
        raise IncidentError(f"incidents/{source}: {key}: {problem}")
    return incident


def _problems(incident: Incident) -> list[tuple[str, str]]:
    """Return what is wrong with the file as a whole, by key."""
    alert, inject = incident.alert, incident.inject
    found = []
    if not _NAME.fullmatch(incident.name):
        found.append(("name", "call the file in lower case with dashes, such as slow-consumer.toml"))
    if bool(alert.fires) == bool(alert.none):
        found.append(("alert", "say which alert `fires`, or why there is `none`"))
    if alert.fires and not (alert.within and alert.resolves):
        found.append(
            ("alert", "an alert that `fires` does so `within` seconds and `resolves` within seconds")
        )
    if twice := {alert.fires, *alert.may} & set(alert.never):
        found.append(("alert.never", f"{', '.join(sorted(twice))} may fire, by the same file"))
    if incident.for_operator:
        if inject.fault not in OPERATIONS:
            found.append(("inject.fault", f"{inject.fault!r} is none of {', '.join(OPERATIONS)}"))
    elif inject.fault not in FAULTS:
        found.append(("inject.fault", f"{inject.fault!r} is none of {', '.join(sorted(FAULTS))}"))
    else:
        try:
            FAULTS[inject.fault].check(inject.parameters)
        except msgspec.ValidationError as error:
            found.append(("inject.parameters", str(error)))
    return found


# What the command line does to a process: see `rabbit_chatter.up.operator`.
OPERATIONS = ("memory-alarm", "broker-restart", "queue-manager-down")


def load() -> dict[str, Incident]:
    """Return all incidents by name.

    Raises:
        IncidentError: a file is wrong, or the installation is incomplete.
    """
    packaged = files("rabbit_chatter") / "_deployment" / "incidents"
    folder = packaged if packaged.is_dir() else _CHECKOUT
    if not folder.is_dir():
        raise IncidentError("the incidents are missing from this installation: install rabbit-chatter again")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda file: file.name)
    return {incident.name: incident for incident in (parse(f.read_text("utf-8"), f.name) for f in found)}


def find(catalogue: Mapping[str, Incident], name: str) -> Incident:
    """Return the incident called ``name``.

    Raises:
        IncidentError: there is none; names the nearest.
    """
    if name not in catalogue:
        near = difflib.get_close_matches(name, catalogue, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `rabbit-chatter incident list`"
        raise IncidentError(f"there is no incident {name[:60]!r}; {hint}")
    return catalogue[name]
