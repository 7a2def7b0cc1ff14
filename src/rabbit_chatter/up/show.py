"""What people see of it on the terminal: progress, addresses, states."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table

from rabbit_chatter.up.monitoring import find_alertmanager, find_prometheus
from rabbit_chatter.up.network import State
from rabbit_chatter.up.options import UpOptions
from rabbit_chatter.up.rabbitmq import how_to_install
from rabbit_chatter.up.tracing import find_jaeger


class Terminal:
    """Progress as a spinner with lines above it; where no terminal is, as lines alone."""

    def __init__(self) -> None:
        # Where no terminal is, nothing need be cut to its width.
        self.console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)
        self._status: Status | None = None

    @contextmanager
    def spinning(self) -> Iterator[None]:
        """Show a spinner while the block runs."""
        self._status = self.console.status("")
        try:
            with self._status:
                yield
        finally:
            self._status = None

    def waiting(self, what: str) -> None:
        """Show what is under way."""
        if self._status is not None:
            self._status.update(what)

    def done(self, what: str, seconds: float) -> None:
        """Print what is done and how long it took."""
        self.console.print(f"  [green]✓[/green] {what:<24} {seconds:5.1f} s")

    def note(self, what: str) -> None:
        """Print something that people should know."""
        self.console.print(f"  [yellow]![/yellow] {what}", markup=True)

    def what_is_missing(self) -> None:
        """Say which programs are not installed, and how to get them; the network talks without them."""
        if find_prometheus() is None:
            self.note(
                f"without Prometheus nothing keeps the metrics: {how_to_install('prometheus', 'prometheus')}"
            )
        if find_alertmanager() is None:
            how = how_to_install("prometheus-alertmanager", None)
            self.note(f"without Alertmanager alerts reach nobody: {how}")

        if find_jaeger() is None:
            self.note(
                "without Jaeger the page keeps the latest traces; deployment/local/build-jaeger makes one"
            )

    def addresses(self, options: UpOptions) -> None:
        """Print where everything is and what to look at first."""
        ports = options.ports
        rows = [
            (
                "the page",
                f"{ports.url('page')}/",
                f"{options.bots} bots, live: talk, network, queues, alerts",
            ),
            ("queue-manager", f"{ports.url('queue_manager')}/bots", "also /conversations, /queues, /stats"),
            (
                "RabbitMQ",
                f"{ports.url('management')}/",
                "user chatter-manager; password: .chatter/rabbitmq/passwords.json",
            ),
        ]
        if find_prometheus():
            rows.append(("Prometheus", f"{ports.url('prometheus')}/targets", "every target should be up"))
        if find_alertmanager():
            rows.append(("Alertmanager", f"{ports.url('alertmanager')}/", "alerts that fire"))
        if find_jaeger():
            rows.append(("Jaeger", f"{ports.url('jaeger')}/", "a conversation is a trace"))
        self.console.print("\nThe network is up:")
        for name, url, what in rows:
            self.console.print(f"  {name:<14} {url:<32} {what}")

    def states(self, states: list[State]) -> None:
        """Print a table of processes."""
        table = Table(box=None, padding=(0, 2))
        for title in ("process", "state", "ready", "pid", "up for", "address"):
            table.add_column(title, no_wrap=True)
        for state in states:
            ready = "[green]yes[/green]" if state.ready else "[red]no[/red]"
            uptime = f"{state.uptime} s" if state.pid else ""
            table.add_row(state.name, state.state, ready, str(state.pid or ""), uptime, state.url or "")
        self.console.print(table)
