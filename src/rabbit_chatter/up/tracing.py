"""Jaeger and the Collector as private processes, on the configuration that compose mounts.

Jaeger's program is a distribution of the OpenTelemetry Collector, so one program runs as both. Compose gives
each a network address of its own; here they share one, so that ports are told apart instead.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.options import LOOPBACK, Ports
from rabbit_chatter.up.ports import free_ports

COLLECTOR = "otel-collector"
JAEGER = "jaeger"


def find_jaeger() -> str | None:
    """Return the path of Jaeger's program (version 2), or ``None``: then nobody keeps traces."""
    return shutil.which("jaeger")


def tracing_command(program: str, folder: Path) -> list[str]:
    """Return the command of a Jaeger or a Collector whose configuration is in ``folder``."""
    return [program, f"--config={folder / 'config.yml'}"]


@dataclass(frozen=True)
class TracingPorts:
    """Ports that only our own processes talk to; free ones are taken at each start."""

    spans: int
    collector_metrics: int
    span_metrics: int
    jaeger_metrics: int

    @classmethod
    def free(cls, ports: Ports) -> "TracingPorts":
        """Return ports that nobody has now, and none of ``ports``, whose processes are yet to start."""
        return cls(*free_ports(4, besides=vars(ports).values()))

    def addresses(self) -> dict[str, str]:
        """Return for each address in compose's network that Prometheus watches the one on this machine."""
        return {
            "otel-collector:8888": f"{LOOPBACK}:{self.collector_metrics}",
            "otel-collector:8889": f"{LOOPBACK}:{self.span_metrics}",
            "jaeger:8888": f"{LOOPBACK}:{self.jaeger_metrics}",
        }


def write(folder: Path, ports: Ports) -> dict[str, str]:
    """Write the configuration of both, each into a folder of its own below ``folder``.

    Returns:
        where Prometheus finds them, by their addresses in compose's network.
    """
    inner = TracingPorts.free(ports)
    for name, config in ((COLLECTOR, collector_config(ports, inner)), (JAEGER, jaeger_config(ports, inner))):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    return inner.addresses()


def collector_config(ports: Ports, inner: TracingPorts) -> dict[str, Any]:
    """Return the Collector's configuration for this machine."""
    config = _read("otel/collector.yml")
    config["receivers"]["otlp"]["protocols"] = {"http": {"endpoint": f"{LOOPBACK}:{ports.otlp}"}}
    config["exporters"]["otlp"]["endpoint"] = f"{LOOPBACK}:{inner.spans}"
    config["exporters"]["prometheus"]["endpoint"] = f"{LOOPBACK}:{inner.span_metrics}"
    return _alone(config, inner.collector_metrics)


def jaeger_config(ports: Ports, inner: TracingPorts) -> dict[str, Any]:
    """Return Jaeger's configuration for this machine."""
    config = _read("otel/jaeger.yml")
    config["receivers"]["otlp"]["protocols"] = {"grpc": {"endpoint": f"{LOOPBACK}:{inner.spans}"}}
    extensions = config["extensions"]
    metrics = extensions["jaeger_storage"]["metric_backends"]["prometheus"]["prometheus"]
    metrics["endpoint"] = ports.url("prometheus")
    query = extensions["jaeger_query"]
    query["ui"]["config_file"] = str(shipped("otel/jaeger-ui.json"))
    query["http"]["endpoint"] = f"{LOOPBACK}:{ports.jaeger}"
    query["grpc"]["endpoint"] = f"{LOOPBACK}:0"  # nobody asks there
    return _alone(config, inner.jaeger_metrics)


def _read(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(shipped(name).read_text())
    return config


def _alone(config: dict[str, Any], metrics_port: int) -> dict[str, Any]:
    """Move the own metrics, and leave out the health check: whether its port answers tells as much here."""
    service = config["service"]
    reader = service["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]
    reader.update(host=LOOPBACK, port=metrics_port)
    config["extensions"].pop("healthcheckv2")
    service["extensions"].remove("healthcheckv2")
    return config
