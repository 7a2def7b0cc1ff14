"""``rabbit-chatter autoscale``: as many processes of bots as depth, wait and flow ask for."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command ``autoscale``."""
    app.command()(autoscale)


def autoscale(
    least: Annotated[int, typer.Option(min=1, max=64, help="Never fewer processes.")] = 1,
    most: Annotated[int, typer.Option(min=1, max=64, help="Never more processes.")] = 8,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds without need before a process goes; 0 lets it flap.")
    ] = 120,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 5,
    folder: Annotated[Path, typer.Option(help="Where `up` keeps its state.")] = Path(".chatter"),
    prometheus: Annotated[
        str, typer.Option(help="Where `up` does not run: say what to do, by what this Prometheus knows.")
    ] = "",
    queue_manager: Annotated[
        str, typer.Option(envvar="CHATTER_QUEUE_MANAGER_URL", help="Its queue-manager.")
    ] = "http://127.0.0.1:8081",
) -> None:
    """Let processes of bots come and go by depth, wait and flow until Ctrl-C; the number of bots stays."""
    import signal
    from dataclasses import replace

    from rabbit_chatter.errors import UpError
    from rabbit_chatter.settings import TelemetrySettings
    from rabbit_chatter.telemetry.logs import configure_logs
    from rabbit_chatter.telemetry.tracing import Tracing
    from rabbit_chatter.up.autoscale import Hands, Sight, advise, local, telemetry_of, traced, watch
    from rabbit_chatter.up.fleet import Fleet
    from rabbit_chatter.up.policy import Policy

    if least > most:
        raise UpError(f"--least {least} is more than --most {most}")
    policy = Policy(least=least, most=most)
    policy = replace(policy, down=replace(policy.down, hold=patience))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if prometheus:
        telemetry = TelemetrySettings()
        sight, hands = Sight(prometheus.rstrip("/"), queue_manager.rstrip("/")), Hands(advise)
    else:
        fleet = Fleet(folder)
        telemetry = telemetry_of(fleet.ports)
        sight = Sight(fleet.ports.url("prometheus"), fleet.ports.url("queue_manager"))
        hands = local(sight, fleet)
    configure_logs(telemetry, "chatter-autoscale")
    tracing = Tracing(telemetry, "chatter-autoscale", "autoscale")
    try:
        watch(sight, policy, traced(hands, tracing.own), every)
    except KeyboardInterrupt:
        pass
    finally:
        tracing.shutdown()
