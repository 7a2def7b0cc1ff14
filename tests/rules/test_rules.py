"""Every rule is valid, tested, explained, and asks for metrics that exist."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, ProcessCollector

from rabbit_chatter.autoscale.metrics import ScalingMetrics
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.server.archive import Archive
from rabbit_chatter.server.metrics import ServerMetrics
from rabbit_chatter.telemetry.metrics import Metrics
from rabbit_chatter.up.private import PrivateBroker
from rules.shipped import (
    ALERTS,
    FOLDER,
    RECORDED,
    RULE_FILES,
    RUNBOOKS,
    TEST_FILES,
    checks_of,
    load,
    metrics_of,
    ranges_of,
    rules,
    seconds,
)

# Prometheus makes these itself for every target (https://prometheus.io/docs/concepts/jobs_instances/).
_OF_PROMETHEUS = {"up", "scrape_samples_post_metric_relabeling"}
_SEVERITIES = {"page", "ticket", "none"}
_DASHBOARDS = {f"chatter-{name}" for name in ("overview", "queues", "broker", "bots", "telemetry", "slo")}
_SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
# It always fires: there is nothing that it could be silent about, and no end.
_ALWAYS = "Watchdog"


def _run(program: str, *arguments: str | Path) -> None:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_configuration_and_rules_are_valid() -> None:
    """Prometheus and Alertmanager accept their files, and no rule is there twice."""
    _run("promtool", "check", "config", "--syntax-only", FOLDER / "prometheus.yml")
    _run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    _run("amtool", "check-config", FOLDER / "alertmanager.yml")


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_alerts_fire_stay_quiet_and_end(path: Path) -> None:
    """The cases in prometheus/tests hold: who is woken by what, when, with which words, and until when."""
    _run("promtool", "test", "rules", path)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_its_cases(alert: str) -> None:
    """Each alert is tested before, while and after it fires, and with something that only looks like it."""
    cases = checks_of(alert)
    assert any(case.firing for case in cases), "no case in which it fires"
    if alert != _ALWAYS:
        assert any(case.begins for case in cases), "no case that is silent first and fires then"
        assert any(case.resolves for case in cases), "no case in which it ends"
        assert any(case.stays_quiet for case in cases), "no look-alike for which it stays quiet"


def test_an_alert_fires_within_a_minute_and_a_half_of_a_clear_cause() -> None:
    """A class need not wait: `for` is a minute at most, and symptoms that page have half of that."""
    for name, rule in ALERTS.items():
        limit = 30 if rule["labels"]["severity"] == "page" else 60
        assert seconds(rule.get("for", "0s")) <= limit, name


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_it_is(alert: str) -> None:
    """Each alert has a severity, a sentence, a description, a graph, and a runbook that says what to do."""
    rule = ALERTS[alert]
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in _SEVERITIES
    assert notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    assert notes["description"] != notes["summary"]
    assert urlsplit(notes["runbook_url"]).path == f"/runbooks/{alert}"
    assert urlsplit(notes["dashboard_url"]).path.removeprefix("/d/") in _DASHBOARDS
    assert "$value" not in str(rule["labels"]), "a label that changes makes a new alert each time"
    text = (RUNBOOKS / f"{alert}.md").read_text()
    assert text.startswith(f"# {alert}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == _SECTIONS
    assert all(part.strip() for part in parts[2::2])


def test_a_runbook_has_its_alert() -> None:
    """There is no runbook for an alert that is no more."""
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(ALERTS)


def test_windows_hold_four_scrapes() -> None:
    """With fewer, a single late scrape leaves `rate()` without two points; Prometheus 3 counts one less."""
    scrape = seconds(load(FOLDER / "prometheus.yml")["global"]["scrape_interval"])
    short = [rule["expr"] for rule in rules() if any(r < 4 * scrape for r in ranges_of(rule["expr"]))]
    assert not short


def test_recording_rules_are_named_by_level_metric_and_operation() -> None:
    """Names of recorded series follow Prometheus' own advice."""
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", name) for name in RECORDED)


def test_inhibition_names_alerts_that_exist() -> None:
    """A renamed alert is not forgotten where another silences it."""
    for rule in load(FOLDER / "alertmanager.yml")["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            label, values = re.fullmatch(r'(\w+)=~?"(.+)"', matcher).groups()  # type: ignore[union-attr]
            if label == "alertname":
                assert set(values.split("|")) <= set(ALERTS)


def _declared() -> set[str]:
    """Return the metrics of our components, as Prometheus sees them."""
    registry = CollectorRegistry()
    Metrics(registry, "test")
    BotMetrics(registry)
    ServerMetrics(registry).watch(Archive(10, 1000))
    ManagementMetrics(registry)
    ScalingMetrics(registry)
    ProcessCollector(registry=registry)
    names = set()
    for family in registry.collect():
        kinds = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        names |= {family.name + ending for ending in kinds.get(family.type, [""])}
    return names


def _scraped(broker: PrivateBroker) -> set[str]:
    """Return the metrics of RabbitMQ that Prometheus is configured to ask for and to keep."""
    found = set()
    for job in load(FOLDER / "prometheus.yml")["scrape_configs"]:
        if job["job_name"].startswith("rabbitmq"):
            url = broker.prometheus_url + job.get("metrics_path", "/metrics")
            text = httpx.get(url, params=job.get("params"), timeout=10).raise_for_status().text
            names = set(re.findall(r"^(\w+)[{ ]", text, re.MULTILINE))
            for rule in job["metric_relabel_configs"]:
                matching = {name for name in names if re.fullmatch(rule["regex"], name)}
                names = matching if rule["action"] == "keep" else names - matching
            found |= names
    return found


def test_every_metric_exists(broker: PrivateBroker) -> None:
    """No rule asks for a metric that nobody exposes: a misspelt one would just never fire."""
    known = _declared() | _scraped(broker) | RECORDED | _OF_PROMETHEUS
    asked = {
        name: metrics_of(rule["expr"]) for rule in rules() for name in [rule.get("alert", rule.get("record"))]
    }
    unknown = {name: metrics - known for name, metrics in asked.items() if metrics - known}
    assert not unknown
    assert all(metrics for name, metrics in asked.items() if name != _ALWAYS)


def test_names_are_read_out_of_expressions() -> None:
    """The reader of expressions tells metrics from functions, labels, strings and operators."""
    found = metrics_of(
        'sum by (le, x) (rate(a_total{b="c_total"}[1m] offset 5m)) / on (d) (e:f:g > bool 0) or vector(1)'
    )
    assert found == {"a_total", "e:f:g"}
    assert ranges_of('rate(a{b="[3s]"}[1m30s]) + x[5m:5s]') == [90, 300]


def test_fixtures_of_rules_are_plain_yaml() -> None:
    """Whoever reads a test finds its rules: each file names them, relative to itself."""
    for path in TEST_FILES:
        named = yaml.safe_load(path.read_text())["rule_files"]
        assert all((path.parent / name).is_file() for name in named)
