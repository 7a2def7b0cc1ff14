"""Prometheus and Alertmanager as private processes, on the configuration that compose mounts."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.options import LOOPBACK, Ports

# Where the rules as shipped say that the chat server is.
_SHIPPED_PAGE = "http://127.0.0.1:8080"
_KEEP = ("--storage.tsdb.retention.time=2d", "--storage.tsdb.retention.size=1GB")


def find_prometheus() -> str | None:
    """Return the path of Prometheus, or ``None``: the network talks without it."""
    return shutil.which("prometheus")


def find_promtool() -> str | None:
    """Return the path of promtool, which comes with Prometheus, or ``None``."""
    return shutil.which("promtool")


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


def prometheus_config(ports: Ports, *, alertmanager: bool, others: Mapping[str, str] | None = None) -> str:
    """Return Prometheus' configuration for this machine, as YAML.

    Args:
        ports: where everything listens.
        alertmanager: whether there is one; else it is neither watched nor told.
        others: what else runs, by its address in compose's network; what is not there is not watched.
    """
    config = yaml.safe_load(shipped("prometheus/prometheus.yml").read_text())
    if not alertmanager:
        config.pop("alerting", None)
    addresses = {**local_addresses(ports), **(others or {})}
    if not alertmanager:
        del addresses["alertmanager:9093"]
    jobs = [_with_targets(job) for job in config["scrape_configs"]]
    config["scrape_configs"] = [job for job in jobs if _targets(job) <= addresses.keys()]
    return yaml.safe_dump(_moved(config, addresses), sort_keys=False)


def alertmanager_config(ports: Ports) -> str:
    """Return Alertmanager's configuration for this machine, as YAML; on loopback nobody asks for a token."""
    config = yaml.safe_load(shipped("prometheus/alertmanager.yml").read_text())
    for webhook in (hook for receiver in config["receivers"] for hook in receiver.get("webhook_configs", [])):
        webhook.pop("http_config", None)
    return yaml.safe_dump(_moved(config, local_addresses(ports)), sort_keys=False)


def rules(ports: Ports) -> dict[str, str]:
    """Return the rules for this machine by the name of their file, as YAML.

    Runbooks are where the page is. Links to Grafana are left out, as nothing answers there; who looks for a
    graph then finds Prometheus' own, which every alert names (``generatorURL``).
    """
    made = {}
    for source in sorted(shipped("prometheus/rules/symptoms.yml").parent.glob("*.yml")):
        content = yaml.safe_load(source.read_text())
        for rule in (rule for group in content["groups"] for rule in group["rules"]):
            notes = rule.get("annotations", {})
            notes.pop("dashboard_url", None)
            if "runbook_url" in notes:
                notes["runbook_url"] = notes["runbook_url"].replace(_SHIPPED_PAGE, ports.url("page"))
        made[source.name] = yaml.safe_dump(content, sort_keys=False, width=1000)
    return made


def prometheus_command(program: str, folder: Path, ports: Ports) -> list[str]:
    """Return the command of a Prometheus that keeps its data in ``folder``."""
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{ports.prometheus}",
        # An alert links to its graph under this address.
        f"--web.external-url={ports.url('prometheus')}/",
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
        f"--web.external-url={ports.url('alertmanager')}/",
        "--cluster.listen-address=",
    ]


def _with_targets(job: dict[str, Any]) -> dict[str, Any]:
    """Return a job with the targets themselves in the place of the files that list them."""
    found = [
        group
        for source in job.pop("file_sd_configs", [])
        for name in source["files"]
        for group in yaml.safe_load(shipped(f"prometheus/{name}").read_text())
    ]
    return {**job, "static_configs": found} if found else job


def _targets(job: Mapping[str, Any]) -> set[str]:
    return {target for group in job.get("static_configs", []) for target in group["targets"]}


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
