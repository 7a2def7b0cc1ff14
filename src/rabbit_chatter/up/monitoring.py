"""Prometheus and Alertmanager as private processes, on the configuration that compose mounts."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.options import LOOPBACK, Ports

_KEEP = ("--storage.tsdb.retention.time=2d", "--storage.tsdb.retention.size=1GB")


def find_prometheus() -> str | None:
    """Return the path of Prometheus, or ``None``: the network talks without it."""
    return shutil.which("prometheus")


def find_alertmanager() -> str | None:
    """Return the path of Alertmanager, which Debian calls by a longer name, or ``None``."""
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def local_addresses(ports: Ports) -> dict[str, str]:
    """Return for each address in compose's network the one on this machine."""
    return {
        "queue-manager:8081": f"{LOOPBACK}:{ports.queue_manager}",
        "server:8080": f"{LOOPBACK}:{ports.page}",
        "rabbitmq:15692": f"{LOOPBACK}:{ports.rabbitmq_metrics}",
        "prometheus:9090": f"{LOOPBACK}:{ports.prometheus}",
        "alertmanager:9093": f"{LOOPBACK}:{ports.alertmanager}",
    }


def prometheus_config(ports: Ports, *, alertmanager: bool) -> str:
    """Return Prometheus' configuration for this machine, as YAML.

    Args:
        ports: where everything listens.
        alertmanager: whether there is one; else it is neither watched nor told.
    """
    source = shipped("prometheus/prometheus.yml")
    config = yaml.safe_load(source.read_text())
    config["rule_files"] = [str(source.parent / pattern) for pattern in config.get("rule_files", [])]
    if not alertmanager:
        config.pop("alerting", None)
        jobs = config["scrape_configs"]
        config["scrape_configs"] = [job for job in jobs if job["job_name"] != "alertmanager"]
    return yaml.safe_dump(_moved(config, local_addresses(ports)), sort_keys=False)


def alertmanager_config(ports: Ports) -> str:
    """Return Alertmanager's configuration for this machine, as YAML."""
    config = yaml.safe_load(shipped("prometheus/alertmanager.yml").read_text())
    return yaml.safe_dump(_moved(config, local_addresses(ports)), sort_keys=False)


def prometheus_command(program: str, folder: Path, ports: Ports) -> list[str]:
    """Return the command of a Prometheus that keeps its data in ``folder``."""
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{ports.prometheus}",
        "--enable-feature=exemplar-storage",
        *_KEEP,
    ]


def alertmanager_command(program: str, folder: Path, ports: Ports) -> list[str]:
    """Return the command of an Alertmanager that is alone, without its gossip port."""
    return [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{ports.alertmanager}",
        "--cluster.listen-address=",
    ]


def _moved(value: Any, addresses: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return ``value`` with compose's addresses replaced wherever a string is one or is a URL of one."""
    if isinstance(value, dict):
        return {key: _moved(item, addresses) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, addresses) for item in value]
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{addresses.get(host, host)}{slash}{path}"
