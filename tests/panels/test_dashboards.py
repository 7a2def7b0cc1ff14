"""The dashboards as files: generated, complete, and pointing at what exists."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units

GRAFANA = Path(__file__).parents[2] / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: list[dict[str, Any]] = [json.loads(file.read_text()) for file in FILES]
UIDS = {board["uid"] for board in BOARDS}
PANELS = [
    pytest.param(panel, id=f"{board['uid']}: {panel['title']}")
    for board in BOARDS
    for panel in board["panels"]
    if panel["type"] != "row"
]
SCRAPE_SECONDS = 5


def test_generated_files_are_current(tmp_path: Path) -> None:
    """What `make dashboards` writes is what is committed."""
    subprocess.run([sys.executable, "-m", "boards", str(tmp_path)], cwd=GRAFANA, check=True, timeout=60)
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert written == {file.name: file.read_text() for file in FILES}, "run `make dashboards`"


def test_there_are_six_boards_with_names_of_their_own() -> None:
    """Each board has the uid by which alerts and links find it, and each of its panels an id."""
    expected = ("overview", "queues", "broker", "bots", "telemetry", "slo")
    assert {f"chatter-{name}" for name in expected} == UIDS
    assert [file.stem for file in FILES] == [board["uid"] for board in BOARDS]
    for board in BOARDS:
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        assert board["schemaVersion"] >= 36


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_panels_lie_side_by_side(board: dict[str, Any]) -> None:
    """No panel covers another, and none leaves the 24 columns."""
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)


@pytest.mark.parametrize("panel", PANELS)
def test_panel_says_what_to_see(panel: dict[str, Any]) -> None:
    """A panel has a title, a description of use, a unit that Grafana knows, and complete queries."""
    known = {value for name, value in vars(units).items() if not name.startswith("_")}
    assert len(panel["title"]) > 4
    assert len(panel["description"]) > 40
    assert panel["fieldConfig"]["defaults"]["unit"] in known
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("panel", PANELS)
def test_windows_hold_four_scrapes(panel: dict[str, Any]) -> None:
    """A rate over fewer than four scrapes is luck, and Grafana's own choice of a window is a surprise."""
    for target in panel["targets"]:
        assert "$__rate_interval" not in target["expr"]
        for number, unit in re.findall(r"\[(\d+)([smh])\]", target["expr"]):
            assert int(number) * {"s": 1, "m": 60, "h": 3600}[unit] >= 4 * SCRAPE_SECONDS


@pytest.mark.parametrize("panel", PANELS)
def test_broker_counters_are_summed_over_protocols(panel: dict[str, Any]) -> None:
    """RabbitMQ 4 splits its counters by protocol and queue type; nobody here sees that."""
    for target in panel["targets"]:
        if "rabbitmq_global_" in target["expr"]:
            assert target["expr"].startswith("sum(")


def test_everything_linked_exists() -> None:
    """Data sources are those that are provisioned; a link to the next question leads to one of the boards."""
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/chatter.yml").read_text())
    sources = {source["uid"] for source in provisioned["datasources"]} | {"-- Grafana --"}
    text = "".join(file.read_text() for file in FILES)
    assert set(re.findall(r"/d/([a-z-]+)\?", text)) <= UIDS
    for board in BOARDS:
        used = re.findall(r"'uid': '([^']+)'", str(board["panels"]) + str(board["annotations"]))
        assert set(used) <= sources
        assert any("/d/" in link["url"] for panel in board["panels"] for link in panel.get("links", []))
    for source in provisioned["datasources"]:
        for place in source["jsonData"].get("exemplarTraceIdDestinations", []):
            assert place["datasourceUid"] in sources
        assert source["jsonData"].get("tracesToMetrics", {}).get("datasourceUid", "prometheus") in sources


def test_the_tour_shows_what_exists() -> None:
    """Every panel and board that docs/tour.md sends a class to is there under that name."""
    tour = " ".join((GRAFANA.parent / "docs/tour.md").read_text().split())
    titles = {panel["title"] for board in BOARDS for panel in board["panels"]}
    named = {words for words in re.findall(r"\*\*([^*]+)\*\*", tour) if not words.endswith(":")}
    assert len(named) > 5
    assert named <= titles
    assert set(re.findall(r"/d/([a-z-]+)", tour)) <= UIDS


def test_grafana_looks_where_the_boards_are_mounted() -> None:
    """The folder that Grafana is told to load is the one at which compose mounts the generated files."""
    compose = yaml.safe_load((GRAFANA.parent / "docker-compose.yml").read_text())
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    providers = yaml.safe_load((GRAFANA / "provisioning/dashboards/chatter.yml").read_text())["providers"]
    assert [one["options"]["path"] for one in providers] == [mounted["./grafana/dashboards"]]


def test_histograms_lead_to_traces() -> None:
    """Every panel that draws a latency shows exemplars, on one query at least."""
    for panel in (param.values[0] for param in PANELS):
        assert isinstance(panel, dict)
        drawn = [target for target in panel["targets"] if "histogram_quantile" in target["expr"]]
        if drawn or panel["type"] == "heatmap":
            assert any(target["exemplar"] for target in panel["targets"]), panel["title"]
