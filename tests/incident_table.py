"""The table of measured times in docs/incidents.md."""

import fcntl
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rabbit_chatter.incidents.catalogue import Incident, load

PAGE = Path(__file__).parents[1] / "docs" / "incidents.md"
_HEAD = (
    "| incident | alert | promised within | fired after | over after the end within | was over after | "
    "also fired | measured |"
)
_TABLE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- /measured -->)", re.DOTALL)


@dataclass
class Measured:
    """What was seen of one incident, in seconds; ``None`` where it was not seen.

    Attributes:
        fired: from the start until the alert fired.
        resolved: from the end until it was over.
        others: what else fired, and after how many seconds; below 0 are those after the end.
    """

    fired: float | None = None
    resolved: float | None = None
    others: dict[str, float] = field(default_factory=dict)


def write(incident: Incident, measured: Measured) -> None:
    """Put what was measured into the page; tests in other processes may do so at the same time."""
    with PAGE.open("r+", encoding="utf-8") as page:
        fcntl.flock(page, fcntl.LOCK_EX)
        text = page.read()
        found = _TABLE.search(text)
        assert found, f"{PAGE} has no place for the table"
        rows = {line.split("`")[1]: line for line in found[0].splitlines() if line.startswith("| `")}
        rows[incident.name] = _row(incident, measured)
        ordered = [rows.get(name, _row(known, None)) for name, known in load().items()]
        table = "\n".join([_HEAD, "|" + " --- |" * 8, *ordered, ""])
        page.seek(0)
        page.truncate()
        page.write(_TABLE.sub(lambda _: table, text))


def _row(incident: Incident, measured: Measured | None) -> str:
    alert = incident.alert
    cells = [f"`{incident.name}`", alert.fires or "none", f"{alert.within} s"]
    if measured is None:
        cells += ["not measured", f"{alert.resolves} s", "", "", ""]
    else:
        others = ", ".join(sorted(measured.others))
        cells += [_seconds(measured.fired), f"{alert.resolves} s", _seconds(measured.resolved), others]
        cells.append(f"{datetime.now(UTC):%Y-%m-%d}")
    return "| " + " | ".join(cells) + " |"


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"
