import pytest

from rabbit_chatter.exercises.expressions import (
    gauges_in_rate,
    metrics_of,
    names_by_pattern,
    nearest,
    ranges_of,
)


def test_metrics_are_told_from_everything_else() -> None:
    """Functions, labels, strings, operators, comments and offsets are no metrics."""
    expression = (
        'sum by (le, x) (rate(a_total{b="c_total"}[1m] offset 5m)) / on (d) (e:f:g > bool 0) '
        "or vector(1) # g_total\nunless ignoring (h) i and count_values('j', k @ 100)"
    )
    assert metrics_of(expression) == {"a_total", "e:f:g", "i", "k"}


def test_ranges_are_found() -> None:
    """Ranges and subqueries have their lengths, in seconds."""
    assert ranges_of('rate(a{b="[3s]"}[1m30s]) + x[5m:5s]') == [90, 300]


def test_a_rate_of_a_gauge_is_noticed() -> None:
    """Counters, and what was recorded, may have a rate; a depth may not."""
    assert gauges_in_rate("rate(depth[1m]) + increase(x_total[1m]) + irate(y_count[1m])") == ["depth"]


@pytest.mark.parametrize(
    ("expression", "by_pattern"),
    [('{__name__=~"up.*"}', True), ('sum({job="a"})', True), ('up{job="a"}', False), ("up", False)],
)
def test_names_by_pattern(expression: str, by_pattern: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Where any metric may be meant, none is left out of the replay."""
    assert names_by_pattern(expression) is by_pattern


def test_the_nearest_name_is_suggested() -> None:
    """A slip gets the name that was meant, nonsense gets none."""
    assert nearest("rabbitmq_quees", {"rabbitmq_queues", "up"}) == "rabbitmq_queues"
    assert nearest("zzzzzz", {"rabbitmq_queues", "up"}) is None
