from pathlib import Path

import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.monitoring import (
    alertmanager_config,
    local_addresses,
    prometheus_command,
    prometheus_config,
)
from rabbit_chatter.up.options import Ports
from rabbit_chatter.up.tracing import TracingPorts

PORTS = Ports(page=1, queue_manager=2, bots=3, prometheus=4, alertmanager=5, rabbitmq_metrics=6)


def test_every_address_of_compose_becomes_a_local_one() -> None:
    """Nothing in the generated configuration points at a compose host name any more."""
    text = prometheus_config(PORTS, alertmanager=True) + alertmanager_config(PORTS)
    assert not [address for address in local_addresses(PORTS) if address in text]
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load(prometheus_config(PORTS, alertmanager=True))["scrape_configs"]
    }
    assert jobs["chatter"]["http_sd_configs"][0]["url"] == "http://127.0.0.1:2/sd/prometheus"
    assert jobs["rabbitmq"]["static_configs"] == [{"targets": ["127.0.0.1:6"]}]
    assert jobs["rabbitmq-detailed"]["static_configs"] == [{"targets": ["127.0.0.1:6"]}]


def test_all_else_is_as_compose_has_it() -> None:
    """Intervals, families and dropped series come from the one shipped file, unchanged."""
    source = yaml.safe_load(shipped("prometheus/prometheus.yml").read_text())
    made = yaml.safe_load(prometheus_config(PORTS, alertmanager=True))
    assert made["global"] == source["global"]
    jobs = {job["job_name"]: job for job in source["scrape_configs"]}
    for after in made["scrape_configs"]:
        before = jobs[after["job_name"]]
        for key in before.keys() - {"static_configs", "file_sd_configs", "http_sd_configs"}:
            assert after[key] == before[key]


def test_without_alertmanager_nobody_waits_for_it() -> None:
    """Where Alertmanager is not installed it is no target, so that every target can be up."""
    made = yaml.safe_load(prometheus_config(PORTS, alertmanager=False))
    assert "alerting" not in made
    assert "alertmanager" not in {job["job_name"] for job in made["scrape_configs"]}


def test_what_does_not_run_is_not_watched() -> None:
    """Jaeger and the Collector are targets where they run; Grafana, which compose alone starts, never is."""
    others = TracingPorts(6, 7, 8, 9).addresses()
    made = yaml.safe_load(prometheus_config(PORTS, alertmanager=True, others=others))
    jobs = {job["job_name"]: job for job in made["scrape_configs"]}
    assert jobs["otel-collector"]["static_configs"] == [{"targets": ["127.0.0.1:7", "127.0.0.1:8"]}]
    assert jobs["jaeger"]["static_configs"] == [{"targets": ["127.0.0.1:9"]}]
    assert "grafana" not in jobs
    without = yaml.safe_load(prometheus_config(PORTS, alertmanager=True))
    assert not {"otel-collector", "jaeger"} & {job["job_name"] for job in without["scrape_configs"]}


def test_prometheus_keeps_exemplars_and_little_data() -> None:
    """Prometheus stores exemplars, listens on loopback alone and bounds its disk."""
    command = prometheus_command("prometheus", Path("/data"), PORTS)
    assert "--enable-feature=exemplar-storage" in command
    assert "--web.listen-address=127.0.0.1:4" in command
    assert any(argument.startswith("--storage.tsdb.retention.size") for argument in command)
