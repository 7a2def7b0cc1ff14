"""The command line of: record."""

from pathlib import Path
from typing import Annotated

import typer

_SCENES = Path("exercises/scenes.toml")
_RECORDINGS = Path("exercises/recordings")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(record)


def record(
    names: Annotated[list[str] | None, typer.Argument(help="Which scenes; with --all, all of them.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All scenes of the file, one by one.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Only those without a recording.")] = False,
    parallel: Annotated[int, typer.Option(min=1, max=8, help="How many networks at a time.")] = 1,
    scenes: Annotated[Path, typer.Option(help="The file with the scenes.")] = _SCENES,
    to: Annotated[Path, typer.Option(help="The folder for the recordings.")] = _RECORDINGS,
) -> None:
    """Record for exercises what Prometheus sees of a scene: a healthy time, an incident, or a look-alike."""
    from rabbit_chatter.recorder.scenes import read_scenes
    from rabbit_chatter.recorder.session import record_all
    from rabbit_chatter.recordings.recording import SUFFIX

    known = read_scenes(scenes)
    chosen = list(known) if everything else list(names or [])
    if unknown := set(chosen) - known.keys():
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    if missing:
        chosen = [name for name in chosen if not (to / f"{name}{SUFFIX}").exists()]
    if not chosen:
        raise typer.BadParameter("name the scenes, or say --all; there are " + ", ".join(known))
    failed = record_all([known[name] for name in chosen], to, parallel)
    raise typer.Exit(1 if failed else 0)
