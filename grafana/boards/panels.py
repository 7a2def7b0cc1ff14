"""The words in which the dashboards are written: a board has rows, a row has panels, a panel has queries.

Nothing here knows Grafana; :mod:`boards.render` does.
"""

from dataclasses import dataclass
from enum import StrEnum

# A rate needs at least four scrapes (20 s). Twelve of them are steady, and bend soon enough for a class;
# Grafana's own $__rate_interval would be four times the scrape interval and as nervous as that.
WINDOW = "1m"


class Kind(StrEnum):
    """How a panel draws; the values are Grafana's."""

    GRAPH = "timeseries"
    HEATMAP = "heatmap"
    STAT = "stat"
    TABLE = "table"


class Unit(StrEnum):
    """What the numbers of a panel are; the values are Grafana's."""

    COUNT = "short"
    BYTES = "bytes"
    MESSAGES_PER_SECOND = "mps"
    PER_SECOND = "cps"
    SECONDS = "s"
    SHARE = "percentunit"
    YES_NO = "bool_yes_no"


@dataclass(frozen=True)
class Limits:
    """Where a number turns yellow and red.

    Attributes:
        warn: yellow from here on.
        bad: red from here on.
        fewer_is_worse: the number turns yellow and red *below* these.
    """

    warn: float
    bad: float
    fewer_is_worse: bool = False


@dataclass(frozen=True)
class Query:
    """One question to Prometheus.

    Attributes:
        expr: in PromQL; ``$name`` stands for a variable of the board.
        legend: what a line is called, ``{{label}}`` its label's value.
        exemplars: show single messages as dots that lead to their traces; for histograms.
    """

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: a plain noun or a question.
        see: what a student should see when all is well, and what it means when it is not.
        unit: of its numbers.
        queries: what is drawn.
        kind: how.
        width: of the 24 columns of a board.
        limits: where it turns yellow and red; none where no number is bad by itself.
        next: uid of the board that has the next question's answer.
        stacked: lines on top of each other, where their sum means something.
    """

    title: str
    see: str
    unit: Unit
    queries: tuple[Query, ...]
    kind: Kind = Kind.GRAPH
    width: int = 12
    limits: Limits | None = None
    next: str = ""
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """What a reader of a board chooses.

    Attributes:
        name: as in ``$name``.
        label: what the chooser is called.
        choices: the values, the first of which is the default; or empty.
        values_of: ``label_values(…)`` that finds the choices; then all together are the default.
        typed: the reader types it; ``choices`` is what stands there at first.
    """

    name: str
    label: str
    choices: tuple[str, ...] = ()
    values_of: str = ""
    typed: bool = False


@dataclass(frozen=True)
class Board:
    """One dashboard.

    Attributes:
        uid: its name in addresses; alerts and links use it.
        title: its name.
        about: what question it answers.
        rows: from the first question to the last.
        variables: what its reader chooses.
    """

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()


def quantiles(metric: str, by: str = "", where: str = "") -> tuple[Query, ...]:
    """Return the queries for half, 95 % and 99 % of a histogram, with exemplars on the last.

    Args:
        metric: its name, without ``_bucket``.
        by: a label that makes lines of their own; then there is 95 % only.
        where: label matchers.
    """
    labels = f"le, {by}" if by else "le"
    rate = f"sum by ({labels}) (rate({metric}_bucket{{{where}}}[{WINDOW}]))"
    if by:
        return (Query(f"histogram_quantile(0.95, {rate})", f"95 % {{{{{by}}}}}", exemplars=True),)
    return tuple(
        Query(f"histogram_quantile({share}, {rate})", f"{share:.0%} within".replace("%", " %"), share == 0.99)
        for share in (0.5, 0.95, 0.99)
    )
