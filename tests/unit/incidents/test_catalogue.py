import json
from pathlib import Path

import pytest

from rabbit_chatter.errors import IncidentError
from rabbit_chatter.incidents.catalogue import OPERATIONS, Incident, find, load, parse
from rabbit_chatter.incidents.faults import FAULTS
from rules.shipped import ALERTS

ROOT = Path(__file__).parents[3]
CATALOGUE = load()
each_incident = pytest.mark.parametrize("incident", CATALOGUE.values(), ids=lambda incident: incident.name)


def panels() -> set[str]:
    """Return the panels of all dashboards, as an incident names them."""
    boards = [json.loads(file.read_text()) for file in (ROOT / "grafana/dashboards").glob("*.json")]
    return {f"{board['uid']}/{panel['title']}" for board in boards for panel in board["panels"]}


def test_there_are_enough_for_a_class() -> None:
    """There are incidents of the work and of the telemetry, each from a file of its own."""
    assert len(CATALOGUE) >= 18
    assert {"work", "telemetry"} == {incident.kind for incident in CATALOGUE.values()}
    assert {f"{name}.toml" for name in CATALOGUE} == {f.name for f in (ROOT / "incidents").iterdir()}


@each_incident
def test_an_incident_names_alerts_that_exist(incident: Incident) -> None:
    """A renamed alert is not forgotten where an incident promises it."""
    alert = incident.alert
    named = {*alert.may, *alert.never, *filter(None, [alert.fires])}
    assert named <= set(ALERTS)
    assert "Watchdog" not in named


@each_incident
def test_an_incident_names_panels_that_exist(incident: Incident) -> None:
    """Whoever looks where an incident says finds a panel there."""
    assert incident.look.panels
    assert set(incident.look.panels) <= panels()


def test_every_fault_is_used() -> None:
    """There is no wrapper that no incident puts around something."""
    used = {incident.inject.fault for incident in CATALOGUE.values()}
    assert used == {*FAULTS, *OPERATIONS}


@each_incident
def test_an_incident_promises_what_can_be_kept(incident: Incident) -> None:
    """The alert fires well before the incident ends by itself."""
    if incident.alert.fires:
        assert incident.alert.within < incident.inject.lasts


GOOD = (ROOT / "incidents/slow-dialect.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("[alert]", "[alarm]", "the file"),
        ("intensity = 0.35", "intensity = 1.5", "inject.intensity"),
        ("intensity = 0.35", 'intensity = "much"', "inject.intensity"),
        ("within = ", "within = -", "alert.within"),
        ('fault = "slow-words"', 'fault = "rm-rf"', "inject.fault"),
        ('component = "bots"', 'component = "moon"', "inject.component"),
        ("seconds = 2.0", "seconds = 0", "inject.parameters"),
        ("seconds = 2.0", "minutes = 2.0", "inject.parameters"),
        ("title = ", "titel = ", "the file"),
        ("[look]", "[look", "no TOML"),
        ('fires = "SlowDialect"', "", "alert"),
        ('"DialectFailing"', '"SlowDialect"', "alert.never"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(before: str, after: str, key: str) -> None:
    """Whoever makes a slip in a file learns which file and which key."""
    assert before in GOOD
    with pytest.raises(IncidentError, match=r"^incidents/slow-dialect\.toml: ") as caught:
        parse(GOOD.replace(before, after), "slow-dialect.toml")
    assert key in str(caught.value)


def test_a_file_is_called_as_one_would_type_it() -> None:
    """Names are in lower case with dashes."""
    with pytest.raises(IncidentError, match="lower case"):
        parse(GOOD, "Slow Dialect.toml")


def test_a_slip_in_a_name_is_told() -> None:
    """An unknown incident is refused with the nearest name."""
    assert find(CATALOGUE, "slow-dialect").title
    with pytest.raises(IncidentError, match="did you mean 'slow-dialect'"):
        find(CATALOGUE, "slow-dailect")
    with pytest.raises(IncidentError, match="incident list"):
        find(CATALOGUE, "%" * 1000)
