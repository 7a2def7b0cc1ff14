"""``rabbit-chatter incident``: start and stop the faults that a class shall find."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabbit_chatter.incidents.catalogue import Incident
    from rabbit_chatter.incidents.remote import Remote
    from rabbit_chatter.up.operator import Operator

_LOCAL_SERVER = "http://127.0.0.1:8080"

Name = Annotated[str, typer.Argument(help="Of the incident; see `incident list`.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Folder = Annotated[Path, typer.Option(help="Where `up` keeps its state.")]
Server = Annotated[str, typer.Option(help="The chat server, where `up` does not run.")]

_HERE = Path(".chatter")


def add_to(app: typer.Typer) -> None:
    """Add the commands ``incident …``."""
    incident = typer.Typer(help="Start and stop faults on purpose.", no_args_is_help=True)
    for name, command in (
        ("list", list_all), ("show", show), ("start", start), ("stop", stop), ("status", status),
        ("reveal", reveal),
    ):  # fmt: skip
        incident.command(name)(command)
    app.add_typer(incident, name="incident")


def list_all(*, as_json: AsJson = False) -> None:
    """List the incidents that there are, and the alert that each should bring."""
    from rich.console import Console
    from rich.table import Table

    known = _catalogue()
    if as_json:
        print(json.dumps([_as_data(incident) for incident in known.values()], indent=2))
        return
    table = Table(box=None, padding=(0, 2))
    for title in ("incident", "what happens", "alert", "within"):
        table.add_column(title, no_wrap=title != "what happens")
    for kind in ("work", "telemetry"):
        for incident in (i for i in known.values() if i.kind == kind):
            within = f"{incident.alert.within} s" if incident.alert.fires else ""
            table.add_row(incident.name, incident.title, incident.alert.fires or "none", within)
    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)


def show(name: Name, *, as_json: AsJson = False) -> None:
    """Tell all about one incident: its story, what to see and where, and which alerts it brings."""
    from rabbit_chatter.incidents.catalogue import find

    incident = find(_catalogue(), name)
    print(json.dumps(_as_data(incident), indent=2) if as_json else _told(incident))


def start(
    name: Annotated[str | None, typer.Argument(help="Of the incident; none with --secret.")] = None,
    lasting: Annotated[
        str, typer.Option("--for", help="Until it ends by itself: 90s, 5m, at most 1h. [default: its own]")
    ] = "",
    intensity: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="How much of it; `show` says of what. [default: its own]"),
    ] = None,
    seed: Annotated[str, typer.Option(help="Decides whom it hits; with --secret also which it is.")] = "",
    *,
    secret: Annotated[
        bool, typer.Option("--secret", help="Let the seed choose; only a key names it.")
    ] = False,
    as_json: AsJson = False,
    folder: Folder = _HERE,
    server: Server = "",
) -> None:
    """Start an incident. It ends by itself."""
    from rabbit_chatter.errors import IncidentError
    from rabbit_chatter.incidents.catalogue import find
    from rabbit_chatter.incidents.orders import seconds

    if secret and (name or not seed):
        raise IncidentError("--secret chooses by --seed STUDENT, so give a seed and no name")
    if not secret and not name:
        raise IncidentError("which incident? See `rabbit-chatter incident list`")
    known = _catalogue()
    place = _place(folder, server)
    incident = _choose(folder, seed, known) if secret else find(known, name or "")
    length = seconds(lasting) if lasting else incident.inject.lasts
    ordered = place.begin(incident, seconds=length, intensity=intensity, seed=seed or None, secret=secret)
    ends = datetime.now(UTC) + timedelta(seconds=length)
    if secret:
        key = _seal(folder).close(incident.name, seed, ends)
        _say_secret(key, seed, ends, as_json=as_json)
    elif as_json:
        print(json.dumps({**ordered, "ends": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}))
    else:
        _say_started(incident, ordered, place.remote)


def stop(
    name: Annotated[str | None, typer.Argument(help="Of the incident; all if left out.")] = None,
    *,
    as_json: AsJson = False,
    folder: Folder = _HERE,
    server: Server = "",
) -> None:
    """Stop an incident, or all that run, before their time."""
    from rabbit_chatter.incidents.catalogue import find

    known = _catalogue()
    place = _place(folder, server)
    place.end(find(known, name) if name else None, known)
    print(json.dumps({"stopped": name or "all"}) if as_json else f"stopped {name or 'all that ran'}")


def status(*, as_json: AsJson = False, folder: Folder = _HERE, server: Server = "") -> None:
    """Say which incidents run, and until when."""
    found = _place(folder, server).remote.running()
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found["running"]:
        print("no incident runs")
    for one in () if as_json else found["running"]:
        print(f"{one['name'] or 'a secret incident':<24} since {one['started']}, until {one['ends']}")


def reveal(
    key: Annotated[str, typer.Argument(help="As `start --secret` printed it.")],
    seed: Annotated[str, typer.Option(help="With which it was started.")],
    *,
    as_json: AsJson = False,
    folder: Folder = _HERE,
) -> None:
    """Name a secret incident, when its time is over."""
    known = _catalogue()
    name = _seal(folder).open(key, seed, list(known))
    print(json.dumps({"incident": name}) if as_json else f"{name}: {known[name].title}")


@dataclass(frozen=True)
class _Place:
    """Where incidents happen: a chat server, and the processes of a folder if `up` runs there."""

    remote: "Remote"
    operator: "Operator | None"

    def begin(self, incident: "Incident", **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        from rabbit_chatter.errors import IncidentError
        from rabbit_chatter.up.operator import compose_command

        if not incident.for_operator:
            return self.remote.start(incident.name, **wanted)
        if self.operator is None:
            command = compose_command(incident.inject.fault, wanted["seconds"])
            raise IncidentError(
                f"nothing here was started by `up`. Where docker compose runs, do it with\n  {command}"
            )
        ordered = self.remote.start(
            incident.name, **wanted, announced=True
        )  # before nobody hears it any more
        self.operator.start(incident.inject.fault, wanted["seconds"])
        return ordered

    def end(self, incident: "Incident | None", known: Mapping[str, "Incident"]) -> None:
        for other in known.values():
            if other.for_operator and self.operator is not None and incident in (None, other):
                running = [one["name"] for one in self.remote.running()["running"]]
                if other.name in running:
                    self.operator.stop(other.inject.fault)
        self.remote.stop(incident.name if incident else None)


def _place(folder: Path, server: str) -> _Place:
    from rabbit_chatter.incidents.remote import Remote
    from rabbit_chatter.settings import ServerSettings
    from rabbit_chatter.up.operator import Operator
    from rabbit_chatter.up.record import Record
    from rabbit_chatter.up.services import Plan

    record = Record.read(folder)
    if record is None or server:
        token = ServerSettings().token.get_secret_value()
        return _Place(Remote(server or _LOCAL_SERVER, token), None)
    plan = Plan(folder.resolve(), record.options)
    return _Place(Remote(record.options.ports.url("page")), Operator(folder.resolve(), plan.node))


def _catalogue() -> "dict[str, Incident]":
    from rabbit_chatter.incidents.catalogue import load

    return load()


def _seal(folder: Path) -> Any:  # noqa: ANN401 - imported when it is needed
    from rabbit_chatter.incidents.sealing import Seal

    return Seal(folder)


def _choose(folder: Path, seed: str, known: "Mapping[str, Incident]") -> "Incident":
    # Those for the operator are left out: the command that does them would tell.
    names = [name for name, incident in known.items() if not incident.for_operator and incident.alert.fires]
    return known[_seal(folder).choose(seed, names)]


def _as_data(incident: "Incident") -> Any:  # noqa: ANN401 - JSON
    import msgspec

    return msgspec.to_builtins(incident)


def _told(incident: "Incident") -> str:
    inject, alert, look = incident.inject, incident.alert, incident.look
    fires = f"{alert.fires} within {alert.within} s" if alert.fires else f"none: {alert.none}"
    lines = [
        f"{incident.name}: {incident.title}", "", incident.story.strip(), "",
        f"symptom    {incident.symptom}",
        *(f"look at    {panel}" for panel in look.panels),
        *([f"page       {look.page}"] if look.page else []),
        *([f"trace      {look.trace}"] if look.trace else []),
        f"alert      {fires}",
        *([f"may follow {', '.join(alert.may)}"] if alert.may else []),
        f"intensity  {inject.intensity:g}, {inject.intensity_means}",
        f"lasts      {inject.lasts} s",
        f"clears     {incident.clears}",
    ]  # fmt: skip
    return "\n".join(lines)


def _say_started(incident: "Incident", ordered: Mapping[str, Any], remote: "Remote") -> None:
    from rabbit_chatter.errors import IncidentError

    print(f"{incident.name} runs for {ordered['seconds']} s, seed {ordered['seed']}: {incident.symptom}")
    if incident.alert.fires:
        print(f"{incident.alert.fires} should fire within {incident.alert.within} s.")
    else:
        print(f"No alert: {incident.alert.none}")
    try:
        if not remote.running()["annotated"]:
            print(
                "Grafana is not told: set CHATTER_GRAFANA_URL and CHATTER_GRAFANA_TOKEN for the chat server."
            )
    except IncidentError:
        pass  # it was told, and may be busy with just this incident
    print(f"Stop it with `rabbit-chatter incident stop {incident.name}`.")


def _say_secret(key: str, seed: str, ends: datetime, *, as_json: bool) -> None:
    moment = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    if as_json:
        print(json.dumps({"key": key, "seed": seed, "ends": moment}))
    else:
        print(f"A secret incident runs until {moment}. Its key: {key}")
        print(f"Afterwards, here: rabbit-chatter incident reveal {key} --seed {seed!r}")
