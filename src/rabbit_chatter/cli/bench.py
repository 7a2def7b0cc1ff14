"""``rabbit-chatter bench``: what telemetry costs, what a process carries, what the page costs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rabbit_chatter.up.private import PrivateBroker

Url = Annotated[
    str,
    typer.Option(
        envvar="CHATTER_AMQP_URL",
        help="A broker with our definitions; without one, a private one is started.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_to(app: typer.Typer) -> None:
    """Add the group ``bench``."""
    group = typer.Typer(help="Measure, side by side in one run.", no_args_is_help=True)
    group.command()(hop)
    group.command()(bots)
    group.command()(transcript)
    group.command()(page)
    app.add_typer(group, name="bench")


def hop(
    amqp_url: Url = "",
    rounds: Annotated[int, typer.Option(min=2, help="Turns of each variant.")] = 16,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of a turn.")] = 0.8,
    as_json: AsJson = False,  # noqa: FBT002 - an option
) -> None:
    """Compare a hop with telemetry at 0, 1 and 100 % sampling with bare aio-pika."""
    from rich.console import Console
    from rich.progress import track

    from rabbit_chatter.bench.hop import BARE, Row, measure

    rows: dict[str, Row] = {}
    with _broker(amqp_url) as url:
        for _rows in track(
            measure(url, rounds, seconds), "measuring", total=rounds, console=Console(stderr=True)
        ):
            rows = _rows
    results = {variant: row.against(rows[BARE]) for variant, row in rows.items()}
    if as_json:
        print(json.dumps(results))
        return
    names = {BARE: "bare aio-pika", "never": "ours, 0 %", "onepercent": "ours, 1 %", "always": "ours, 100 %"}
    _table(
        ["", "CPU µs/hop", "CPU ratio", "(quartiles)", "hops/s", "rate ratio"],
        [
            [
                names[variant],
                f"{r['cpu_us']:.0f}",
                f"{r['cpu_ratio']:.2f}",
                f"{r['cpu_ratio_low']:.2f} - {r['cpu_ratio_high']:.2f}",
                f"{r['rate']:.0f}",
                f"{r['rate_ratio']:.2f}",
            ]
            for variant, r in results.items()
        ],
    )


def bots(
    amqp_url: Url = "",
    counts: Annotated[str, typer.Option(help="How many bots, comma-separated.")] = "100,300,500,1000",
    seconds: Annotated[float, typer.Option(min=1, help="Length of each measurement.")] = 10.0,
    as_json: AsJson = False,  # noqa: FBT002 - an option
) -> None:
    """Measure how many bots a process carries at 1 message a second each, all traces sampled."""
    from rich.console import Console
    from rich.progress import track

    from rabbit_chatter.bench.bots import measure

    wanted = [int(count) for count in counts.split(",")]
    with _broker(amqp_url) as url:
        results = list(
            track(measure(url, wanted, seconds), "measuring", total=len(wanted), console=Console(stderr=True))
        )
    if as_json:
        print(json.dumps(results))
        return
    _table(
        ["bots", "ready in s", "KiB/bot", "messages/s", "% of a core", "wait p50 ms", "wait p99 ms"],
        [
            [
                f"{r['bots']:.0f}",
                f"{r['ready_seconds']:.1f}",
                f"{r['kib_per_bot']:.0f}",
                f"{r['rate']:.0f}",
                f"{r['core_percent']:.0f}",
                f"{r['wait_p50_ms']:.1f}",
                f"{r['wait_p99_ms']:.1f}",
            ]
            for r in results
        ],
    )


def transcript(
    formats: Annotated[
        str, typer.Option(help="Kinds of exports, comma-separated.")
    ] = "sms,whatsapp,telegram,signal,discord,csv",
    megabytes: Annotated[int, typer.Option(min=1, max=20_000, help="Size of each export.")] = 1000,
    as_json: AsJson = False,  # noqa: FBT002 - an option
) -> None:
    """Measure time and memory of reading an export, generated below the temporary folder."""
    from rich.console import Console
    from rich.progress import track

    from rabbit_chatter.bench.transcript import measure

    kinds = formats.split(",")
    results = list(
        track(measure(kinds, megabytes), "measuring", total=len(kinds), console=Console(stderr=True))
    )
    if as_json:
        print(json.dumps(results))
        return
    _table(
        ["export", "MB", "seconds", "of CPU", "peak memory, MB"],
        [
            [
                str(r["format"]),
                f"{r['megabytes']:.0f}",
                f"{r['seconds']:.0f}",
                f"{r['cpu_seconds']:.0f}",
                f"{r['peak_mb']:.0f}",
            ]
            for r in results
        ],
    )


def page(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long the page is watched under load.")] = 5.0,
    as_json: AsJson = False,  # noqa: FBT002 - an option
) -> None:
    """Measure what the page weighs and costs in Chromium, and what 100 listeners cost the chat server."""
    from rabbit_chatter.bench.page import Place, measure
    from rabbit_chatter.up.ports import free_ports

    results: dict[str, float] = {}
    with _private_broker() as broker:
        place = Place(broker.amqp_url("chatter-server"), broker.amqp_url(), free_ports(1)[0])
        for found in measure(place, minutes):
            results |= found
    if as_json:
        print(json.dumps(results))
        return
    r = results
    _table(
        ["", "measured", "wanted"],
        [
            ["first view, kB compressed", f"{r['first_view_kilobytes']:.0f}", "≤ 300"],
            [
                "interactive after, ms (slowest)",
                f"{r['interactive_ms']:.0f} ({r['interactive_ms_slowest']:.0f})",
                "≤ 1000",
            ],
            ["main thread, % of a core", f"{r['main_thread_cpu_percent']:.1f}", "≤ 50"],
            ["  within tasks, % of the time", f"{r['main_thread_busy_percent']:.1f}", "≤ 50"],
            ["  at messages a second", f"{r['messages_per_second']:.0f}", "500"],
            [f"heap, MB, start and {minutes:g} min later", _pair(r, "heap", "_mb", 1), "flat"],
            ["elements, start and end", _pair(r, "elements", "", 0), "flat"],
            ["chat server, % of a core at 100/s", f"{r['server_core_percent_alone']:.1f}", ""],
            ["  with 100 listeners", f"{r['server_core_percent_100_listeners']:.1f}", "≤ 25"],
        ],
    )


def _pair(results: dict[str, float], name: str, unit: str, digits: int) -> str:
    start, end = results[f"{name}_start{unit}"], results[f"{name}_end{unit}"]
    return f"{start:.{digits}f}, {end:.{digits}f}"


@contextmanager
def _broker(amqp_url: str) -> Iterator[str]:
    """Use the broker at ``amqp_url``, or a private one for this run."""
    if amqp_url:
        yield amqp_url
        return
    with _private_broker() as broker:
        yield broker.amqp_url()


@contextmanager
def _private_broker() -> "Iterator[PrivateBroker]":
    import tempfile
    from pathlib import Path

    from rabbit_chatter.up.private import PrivateBroker

    with tempfile.TemporaryDirectory(prefix="rabbit-chatter-bench-") as folder:
        broker = PrivateBroker(Path(folder))
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def _table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
