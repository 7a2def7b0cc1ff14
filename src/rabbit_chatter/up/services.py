"""What runs: each process with its command, its environment, and how one knows that it is ready."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from rabbit_chatter.settings import TelemetrySettings
from rabbit_chatter.up import monitoring, tracing
from rabbit_chatter.up.options import LOOPBACK, Ports, UpOptions
from rabbit_chatter.up.ports import accepts
from rabbit_chatter.up.rabbitmq import MANAGER, RabbitNode, RabbitPorts, is_healthy


@dataclass(frozen=True)
class Service:
    """One process.

    Attributes:
        name: unique; also the name of its log.
        stage: those of a lower stage are ready before this one starts.
        command: program and arguments.
        ready: asks the process whether it can do its work.
        url: what to open in a browser, if anything.
        environment: in addition to the user's own.
    """

    name: str
    stage: int
    command: list[str]
    ready: Callable[[], bool]
    url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that runs for some options, in one folder.

    Args:
        folder: where everything is kept.
        options: what was asked for; all ports known.
        more: processes of bots that were added later, and the port of each.
    """

    folder: Path
    options: UpOptions
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def node(self) -> RabbitNode:
        """The broker."""
        ports = self.options.ports
        return RabbitNode(
            self.folder / "rabbitmq",
            RabbitPorts(ports.amqp, ports.management, ports.rabbitmq_metrics, ports.epmd, ports.dist),
        )

    def write(self) -> None:
        """Write the configuration of the broker, of Prometheus, of Alertmanager and of what keeps traces."""
        self.node.write()
        present = monitoring.find_alertmanager() is not None
        ports = self.options.ports
        others = tracing.write(self.folder, ports) if tracing.find_jaeger() else {}
        for name, text in (
            ("prometheus", monitoring.prometheus_config(ports, alertmanager=present, others=others)),
            ("alertmanager", monitoring.alertmanager_config(ports)),
        ):
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / f"{name}.yml").write_text(text)
        (self.folder / "prometheus/rules").mkdir(exist_ok=True)
        for name, text in monitoring.rules(ports).items():
            (self.folder / "prometheus/rules" / name).write_text(text)

    def services(self) -> list[Service]:
        """Return what runs, in the order in which it starts.

        Raises:
            UpError: RabbitMQ is not installed.
        """
        return [*self._broker(), *self._monitoring(), *self._tracing(), *self._components()]

    def _broker(self) -> list[Service]:
        node = self.node
        environment = node.environment()
        return [
            Service("epmd", 0, node.epmd_command(), lambda: accepts(node.ports.epmd), None, environment),
            Service(
                "rabbitmq", 1, node.command(), lambda: is_healthy(node), node.management_url, environment
            ),
        ]

    def _monitoring(self) -> list[Service]:
        found = []
        ports = self.options.ports
        for name, program, command in (
            ("prometheus", monitoring.find_prometheus(), monitoring.prometheus_command),
            ("alertmanager", monitoring.find_alertmanager(), monitoring.alertmanager_command),
        ):
            if program is not None:
                url = ports.url(name)
                found.append(
                    Service(
                        name, 1, command(program, self.folder / name, ports), _answers(f"{url}/-/ready"), url
                    )
                )
        return found

    def _tracing(self) -> list[Service]:
        program = tracing.find_jaeger()
        if program is None:
            return []
        ports = self.options.ports
        jaeger, collector = (
            tracing.tracing_command(program, self.folder / name)
            for name in (tracing.JAEGER, tracing.COLLECTOR)
        )
        url = ports.url("jaeger")
        return [
            Service(tracing.JAEGER, 1, jaeger, _answers(f"{url}/api/v3/services"), url),
            Service(tracing.COLLECTOR, 1, collector, lambda: accepts(ports.otlp)),
        ]

    def _components(self) -> list[Service]:
        options, node = self.options, self.node
        manager = {
            "CHATTER_MANAGEMENT_URL": node.management_url,
            "CHATTER_MANAGEMENT_USER": MANAGER,
            "CHATTER_MANAGEMENT_PASSWORD": node.passwords[MANAGER],
        }
        talk = ["--dialect", options.dialect, "--tempo", f"{options.tempo:g}"]
        talk += [text for option in options.dialect_options for text in ("--dialect-option", option)]
        talk += ["--population", options.population] if options.population else []
        amqp = {"CHATTER_AMQP_URL": node.amqp_url("chatter-bot")}
        bots = self._component("bots", 2, ["--count", str(options.bots), *talk], amqp)
        reading = {"CHATTER_AMQP_URL": node.amqp_url("chatter-server"), **self._beside_the_page()}
        return [
            # Stopped in reverse: the chat server may be where the others' last spans go.
            self._component("server", 2, [], reading),
            self._component("queue-manager", 2, [], manager),
            bots,
            *(self._more_bots(bots, name, port, talk) for name, port in self.more.items()),
        ]

    def _beside_the_page(self) -> dict[str, str]:
        """Tell the chat server what the page may link to, and where it keeps traces if nobody else does."""
        ports = self.options.ports
        found = {
            "prometheus": monitoring.find_prometheus(),
            "alertmanager": monitoring.find_alertmanager(),
            "jaeger": tracing.find_jaeger(),
        }
        return {
            "CHATTER_RABBITMQ_PAGE": ports.url("management"),
            "CHATTER_LOGS_FOLDER": str(self.folder / "logs"),
            # Where `rabbit-chatter exercise` puts them, run in the same folder as `up`.
            "CHATTER_EXERCISES_FOLDER": str(self.folder.parent / "my-exercises"),
            "CHATTER_TRACES_FILE": str(self.folder / "traces.sqlite"),
            **{f"CHATTER_{name.upper()}_URL": ports.url(name) for name, program in found.items() if program},
        }

    def _more_bots(self, first: Service, name: str, port: int, talk: list[str]) -> Service:
        """Return a process like the first, which has no bots until `scale` shares them out."""
        url = f"http://{LOOPBACK}:{port}"
        command = [sys.executable, "-m", "rabbit_chatter", "bots", "--count", "0", "--seed", name, *talk]
        return replace(
            first,
            name=name,
            command=[*command, "--port", str(port)],
            ready=_answers(f"{url}/readyz"),
            url=url,
            environment={**first.environment, "CHATTER_INSTANCE": name},
        )

    def _component(
        self, name: str, stage: int, arguments: list[str], environment: Mapping[str, str]
    ) -> Service:
        port = _PORT_OF[name]
        ports = self.options.ports
        return Service(
            name,
            stage,
            [sys.executable, "-m", "rabbit_chatter", name, *arguments, "--port", str(getattr(ports, port))],
            _answers(f"{ports.url(port)}/readyz"),
            ports.url(port),
            {
                "CHATTER_INSTANCE": name,
                "CHATTER_QUEUE_MANAGER_URL": ports.url("queue_manager"),
                **traces_to(ports),
                **environment,
            },
        )


_PORT_OF = {"queue-manager": "queue_manager", "server": "page", "bots": "bots"}


def traces_to(ports: Ports) -> dict[str, str]:
    """Return where traces go, unless the user says: to our Collector if there is one, else to our page."""
    if TelemetrySettings().traces_url is not None:
        return {}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": ports.url("page" if tracing.find_jaeger() is None else "otlp")}


def ports_in_use(ports: Ports) -> list[tuple[str, int]]:
    """Return name and number of each port that will be listened on, as far as its program is installed."""
    absent = {
        "prometheus": monitoring.find_prometheus() is None,
        "alertmanager": monitoring.find_alertmanager() is None,
        "jaeger": tracing.find_jaeger() is None,
        "otlp": tracing.find_jaeger() is None,
    }
    return [(name, port) for name, port in vars(ports).items() if not absent.get(name)]


def _answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(url, timeout=2, trust_env=False).is_success
        return False

    return ready
