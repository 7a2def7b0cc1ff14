import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.options import Ports
from rabbit_chatter.up.ports import free_ports
from rabbit_chatter.up.tracing import TracingPorts, collector_config, jaeger_config, write

PORTS = Ports(prometheus=1, jaeger=2, otlp=3)
INNER = TracingPorts(spans=4, collector_metrics=5, span_metrics=6, jaeger_metrics=7)


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]


def test_both_listen_on_loopback_alone() -> None:
    """Neither listens on, or sends to, an address of compose's network."""
    texts = _texts([collector_config(PORTS, INNER), jaeger_config(PORTS, INNER)])
    assert not [text for text in texts if re.search(r"0\.0\.0\.0|jaeger:|prometheus:", text)]
    assert {f"127.0.0.1:{port}" for port in (2, 3, 4, 6)} <= set(texts)


def test_spans_reach_jaeger_as_in_compose() -> None:
    """What happens to spans on their way is what the shipped files say, in the same order."""
    made = (collector_config(PORTS, INNER), jaeger_config(PORTS, INNER))
    for name, config in zip(("collector", "jaeger"), made, strict=True):
        source = yaml.safe_load(shipped(f"otel/{name}.yml").read_text())
        assert config["service"]["pipelines"] == source["service"]["pipelines"]
        for section in ("processors", "connectors"):
            assert config.get(section) == source.get(section)


def test_each_has_a_folder_and_is_a_target(tmp_path: Path) -> None:
    """Each configuration is written where its command looks, and Prometheus is told all three addresses."""
    addresses = write(tmp_path, PORTS)
    assert {path.parent.name for path in tmp_path.glob("*/config.yml")} == {"jaeger", "otel-collector"}
    assert set(addresses) == {"otel-collector:8888", "otel-collector:8889", "jaeger:8888"}
    assert len(set(addresses.values())) == 3


def test_inner_ports_are_not_those_of_processes_that_start_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only four ports are neither taken nor promised, it is those four."""
    few = free_ports(len(vars(Ports())) + 4)
    monkeypatch.setattr("rabbit_chatter.up.ports.FREE", few)
    assert set(vars(TracingPorts.free(Ports(*few[4:]))).values()) == set(few[:4])


def test_links_lead_from_a_span_to_its_conversation() -> None:
    """Jaeger's page offers all traces of a conversation: an attribute of every span of a message."""
    config = json.loads(shipped("otel/jaeger-ui.json").read_text())
    assert "messaging.message.conversation_id" in {link.get("key") for link in config["linkPatterns"]}
    views = re.findall(r"8080/#/(\w+)/", str(config))
    page = (files("rabbit_chatter.server") / "static/app.js").read_text()
    assert set(views) == {"conversations", "messages"}
    assert all(re.search(rf"^  {view}: {{", page, re.MULTILINE) for view in views)


@pytest.mark.skipif(shutil.which("jaeger") is None, reason="Jaeger's program is not installed")
def test_jaeger_understands_the_files(tmp_path: Path) -> None:
    """The real program finds nothing to complain about, in the files as shipped and as made for here."""
    write(tmp_path, PORTS)
    for file in (shipped("otel/collector.yml"), shipped("otel/jaeger.yml"), *tmp_path.glob("*/config.yml")):
        command = ["jaeger", "validate", f"--config={file}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
