"""The command line of: up, down, status and logs."""

import json
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabbit_chatter.cli.cast import Count, DialectOption, Mix, Population, Tempo, Wanted, resolve
from rabbit_chatter.errors import UpError

if TYPE_CHECKING:
    from rabbit_chatter.up.network import Network
    from rabbit_chatter.up.options import UpOptions
    from rabbit_chatter.up.show import Terminal

Folder = Annotated[Path, typer.Option(help="Where data, configuration and logs are kept.")]
Port = Annotated[
    int, typer.Option(min=1, max=65535, help="Where it listens.", rich_help_panel="Ports, all on 127.0.0.1")
]

_HERE = Path(".chatter")
_WATCH_SECONDS = 1.0
_LAST_LINES = 40


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (up, down, status, logs):
        app.command()(command)


def up(
    bots: Count = None,
    tempo: Tempo = None,
    dialect: Mix = None,
    dialect_option: DialectOption = None,
    population: Population = None,
    *,
    history: Annotated[
        bool, typer.Option("--history", help="Let graphs begin full: with an hour that was recorded.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready.")] = False,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    folder: Folder = _HERE,
    page_port: Annotated[
        int,
        typer.Option(
            "--port", min=1, max=65535, help="The page's.", rich_help_panel="Ports, all on 127.0.0.1"
        ),
    ] = 8080,
    queue_manager_port: Port = 8081,
    bots_port: Port = 8090,
    prometheus_port: Port = 9090,
    alertmanager_port: Port = 9093,
    jaeger_port: Port = 16686,
    otlp_port: Port = 4318,
    amqp_port: Port = 5672,
    management_port: Port = 15672,
    rabbitmq_metrics_port: Port = 15692,
) -> None:
    """Start RabbitMQ, Prometheus and the bots as private processes, and stop them with Ctrl-C."""
    from rabbit_chatter.up.options import Ports, UpOptions

    # A slip is told now, not by a bot that dies in ten seconds.
    found = resolve(Wanted(bots, dialect, dialect_option, population, tempo))
    ports = Ports(
        page=page_port,
        queue_manager=queue_manager_port,
        bots=bots_port,
        prometheus=prometheus_port,
        alertmanager=alertmanager_port,
        jaeger=jaeger_port,
        otlp=otlp_port,
        amqp=amqp_port,
        management=management_port,
        rabbitmq_metrics=rabbitmq_metrics_port,
    )
    options = UpOptions(
        found.count,
        found.tempo,
        found.mix,
        ports=ports,
        dialect_options=tuple(found.cast.as_options()),
        population=str(population.absolute()) if population else None,
        history=history,
    )
    _run(folder, options, detach=detach, open_page=open_page)


def _run(folder: Path, options: "UpOptions", *, detach: bool, open_page: bool) -> None:
    network, terminal = _network(folder)
    terminal.what_is_missing()
    _let_signals_interrupt()
    code = 130  # what a shell calls "ended by Ctrl-C"
    try:
        with terminal.spinning():
            network.up(options)
        terminal.addresses(options)
        code = 0
        if open_page:
            typer.launch(options.ports.url("page"))
        if detach:
            print("\nSee `rabbit-chatter status` and `rabbit-chatter logs`; stop with `rabbit-chatter down`.")
            return
        print("\nCtrl-C stops everything.", flush=True)
        _watch(network, terminal)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)
    _stop(network, terminal)
    raise typer.Exit(code)


def down(folder: Folder = _HERE) -> None:
    """Stop everything that `up` started in this folder, also what a crash left behind."""
    network, terminal = _network(folder)
    if not _stop(network, terminal):
        print(f"nothing runs in {folder}")


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    folder: Folder = _HERE,
) -> None:
    """Say which processes run and whether they are ready; exit with 1 if one is not."""
    network, terminal = _network(folder)
    states = network.states()
    ready = bool(states) and all(state.ready for state in states)
    if as_json:
        print(
            json.dumps(
                {"up": bool(states), "ready": ready, "processes": [asdict(s) for s in states]}, indent=2
            )
        )
    elif states:
        terminal.states(states)
    else:
        print(f"nothing runs in {folder}: start it with `rabbit-chatter up`")
    raise typer.Exit(0 if ready else 1)


def logs(
    name: Annotated[str | None, typer.Argument(help="Of which process; all if left out.")] = None,
    *,
    following: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=100_000, help="How many of each, the last ones.")
    ] = _LAST_LINES,
    folder: Folder = _HERE,
) -> None:
    """Print what the local processes wrote."""
    from rabbit_chatter.up.logs import follow, last_lines

    files = {file.stem: file for file in sorted((folder / "logs").glob("*.log"))}
    if name is not None and name not in files:
        raise UpError(
            f"there is no log of {name!r}: choose one of {', '.join(files) or 'none, nothing ran here'}"
        )
    chosen = {name: files[name]} if name is not None else files

    def show(source: str, line: str) -> None:
        print(line if name is not None else f"{source:<14} | {line}", flush=True)

    for source, file in chosen.items():
        for line in last_lines(file, lines):
            show(source, line)
    if following:
        with suppress(KeyboardInterrupt):
            for source, line in follow(chosen):
                show(source, line)


def _network(folder: Path) -> "tuple[Network, Terminal]":
    from rabbit_chatter.up.network import Network
    from rabbit_chatter.up.show import Terminal

    terminal = Terminal()
    return Network(folder, terminal), terminal


def _stop(network: "Network", terminal: "Terminal") -> bool:
    # Whoever is impatient would leave half of it running: once it is being stopped, it is stopped.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with terminal.spinning():
        return network.down()


def _watch(network: "Network", terminal: "Terminal") -> None:
    """Say when a process ended unasked, until nothing runs any more or a signal interrupts."""
    before = network.pids()
    while network.is_supervised():
        with suppress(OSError):  # it is just being stopped by `down`
            now = network.pids()
            for name, pid in now.items():
                if pid != before.get(name, pid):
                    what = "was started again" if pid else "ended"
                    terminal.note(f"{name} {what}; its log: rabbit-chatter logs {name}")
            before = now
        time.sleep(_WATCH_SECONDS)


def _let_signals_interrupt() -> None:
    """Let SIGTERM and a closed terminal do what Ctrl-C does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
