import re
from pathlib import Path

import pytest

from rabbit_chatter.incidents.catalogue import Incident, load

PAGE = Path(__file__).parents[2] / "docs" / "incidents.md"
CATALOGUE = load()


def rows() -> dict[str, list[str]]:
    """Return the cells of the measured table, by incident."""
    table = PAGE.read_text("utf-8").split("<!-- measured -->")[1].split("<!-- /measured -->")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0].strip("`"): row[1:] for row in cells if row[0].startswith("`")}


def seconds(cell: str) -> int:
    """Return the number of seconds in a cell."""
    found = re.fullmatch(r"(\d+) s", cell)
    assert found, f"{cell!r} is no time: run `make test-incidents`"
    return int(found[1])


def test_every_incident_is_in_the_table() -> None:
    """The page has a row for each incident and for nothing else."""
    assert list(rows()) == list(CATALOGUE)


@pytest.mark.parametrize("incident", CATALOGUE.values(), ids=lambda incident: incident.name)
def test_a_promise_was_measured_and_kept(incident: Incident) -> None:
    """What the file promises is what the page says, and it was measured to be so."""
    alert, within, fired, resolves, resolved, others, day = rows()[incident.name]
    promise = incident.alert
    assert (alert, seconds(within), seconds(resolves)) == (promise.fires, promise.within, promise.resolves)
    assert seconds(fired) <= promise.within
    assert seconds(resolved) <= promise.resolves
    assert set(filter(None, others.split(", "))) <= set(promise.may)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
