"""``rabbit-chatter autoscale``: as many processes of bots as depth, wait and flow ask for."""

from pathlib import Path
from typing import Annotated

import typer

from rabbit_chatter.autoscale.policy import Policy

_USUAL = Policy()


def add_to(app: typer.Typer) -> None:
    """Add the command ``autoscale``."""
    app.command()(autoscale)


def autoscale(
    *,
    least: Annotated[int, typer.Option(min=1, max=64, help="Never fewer processes.")] = _USUAL.least,
    most: Annotated[int, typer.Option(min=1, max=64, help="Never more processes.")] = _USUAL.most,
    depth: Annotated[
        float, typer.Option(min=1, help="Messages that may wait in queues, for each process.")
    ] = _USUAL.depth,
    wait: Annotated[
        float, typer.Option(min=0.01, help="Seconds that 19 of 20 messages may wait.")
    ] = _USUAL.wait,
    flow: Annotated[
        float, typer.Option(min=0.1, help="Messages a second that each process handles.")
    ] = _USUAL.flow,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds without need before a process goes; 0 lets it flap.")
    ] = _USUAL.down.hold,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 5,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="For /metrics and /readyz; 0 takes a free one.")
    ] = 0,
    folder: Annotated[Path, typer.Option(help="Where `up` keeps its state.")] = Path(".chatter"),
    prometheus: Annotated[
        str, typer.Option(help="Where `up` does not run: say what to do, by what this Prometheus knows.")
    ] = "",
    queue_manager: Annotated[
        str, typer.Option(envvar="CHATTER_QUEUE_MANAGER_URL", help="Its queue-manager.")
    ] = "http://127.0.0.1:8081",
    compose: Annotated[
        bool, typer.Option("--compose", help="Do it, too, with the docker-compose.yml in this folder.")
    ] = False,
) -> None:
    """Let processes of bots come and go by depth, wait and flow until Ctrl-C; the number of bots stays."""
    import asyncio
    from dataclasses import replace

    from rabbit_chatter.autoscale.app import Elsewhere, Options, run
    from rabbit_chatter.errors import UpError

    if least > most:
        raise UpError(f"--least {least} is more than --most {most}")
    down = replace(_USUAL.down, hold=patience)
    policy = Policy(least=least, most=most, depth=depth, wait=wait, flow=flow, down=down)
    prometheus = prometheus or ("http://127.0.0.1:9090" if compose else "")
    elsewhere = Elsewhere(prometheus, queue_manager, compose) if prometheus else None
    asyncio.run(run(Options(policy, every, port, folder, elsewhere)))
