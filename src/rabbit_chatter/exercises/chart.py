"""A verdict for people: sentences, a score, and each recording as a line of characters."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rabbit_chatter.exercises.verdict import Timeline, Verdict

_WIDTH = 46  # beside a name and a length on a terminal of 80 columns
_MOST_LINES = 12
_FIRING, _PENDING, _QUIET = "█", "▒", "·"


def show(console: Console, verdict: Verdict, title: str, *, chart: bool = True) -> None:
    """Print a verdict."""
    console.print(Text(f"\n{title}", style="bold"))
    for finding in verdict.findings:
        mark, style = ("✓", "green") if finding.good else ("✗", "red") if finding.weight else ("!", "yellow")
        console.print(Padding(Text.assemble((f"{mark} ", style), finding.text), (0, 0, 0, 2)))
    if chart and verdict.timelines:
        console.print(timelines(verdict.timelines))
    word, style = ("passed", "bold green") if verdict.passed else ("not yet", "bold red")
    console.print(
        Text.assemble("\n  ", (word, style), f"   {verdict.score} %   checked in {verdict.seconds:.1f} s")
    )


def timelines(lines: Sequence[Timeline]) -> Group:
    """Return the timelines as one picture: those that must fire, then what went wrong, then the rest."""
    ranked = sorted(lines, key=lambda line: (not line.expected, not any(line.firing)))
    table = Table.grid(padding=(0, 1))
    for line in ranked[:_MOST_LINES]:
        table.add_row(Text(line.recording, style="bold" if line.expected else ""), _bar(line), _ends(line))
    legend = Text(
        f"{_FIRING} firing  {_PENDING} pending  {_QUIET} silent   ▏ began, and was over", style="dim"
    )
    left_out = len(ranked) - _MOST_LINES
    more = [Text(f"and {left_out} more, all silent", style="dim")] * (
        left_out > 0 and not any(any(line.firing) for line in ranked[_MOST_LINES:])
    )
    return Group(Text(), Padding(Group(table, *more, legend), (0, 0, 0, 2)))


def _bar(line: Timeline) -> Text:
    """Return a recording as characters; one stands for several scrapes where it is long."""
    bar = Text()
    count = len(line.firing)
    width = min(_WIDTH, count)
    marks = {_place(at, line, width) for at in (line.inject, line.clear) if at is not None}
    for column in range(width):
        if column in marks:
            bar.append("▏", style="bold cyan")
        here = range(column * count // width, max(column * count // width + 1, (column + 1) * count // width))
        if any(line.firing[index] for index in here):
            bar.append(_FIRING, style="green" if line.expected else "red")
        elif any(line.pending[index] for index in here):
            bar.append(_PENDING, style="yellow")
        else:
            bar.append(_QUIET, style="dim")
    return bar


def _place(at: int, line: Timeline, width: int) -> int:
    return min(width - 1, at // line.interval * width // len(line.firing))


def _ends(line: Timeline) -> Text:
    minutes, seconds = divmod((len(line.firing) - 1) * line.interval, 60)
    return Text(f"{minutes}:{seconds:02d}", style="dim")
