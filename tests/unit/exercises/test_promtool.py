import pytest

from rabbit_chatter.exercises.promtool import answers, labels_of, rule_errors

# What 2.42 and 3.5 print for the same two questions; 3.5 does not name the file.
V2 = r"""Unit Testing:  q.yml
  FAILED:
    expr: "depth # case 3", time: 40s,
        exp: nil
        got: {__name__="depth", job="x", queue="a, \"} b"} 2E+01, {__name__="depth", job="x", queue="b"} 5E-01
    expr: "sum( # case 3", time: 1m5s, err: 1:5: parse error: unclosed left parenthesis
"""
V3 = V2.removeprefix("Unit Testing:  q.yml")


@pytest.mark.parametrize("output", [V2, V3], ids=["2.42", "3.5"])
def test_answers_are_read_from_both_versions(output: str) -> None:
    """Each answer has its case, its moment, and samples with every character of their labels."""
    first, second = answers(output)
    assert (first.case, first.expression, first.at) == (3, "depth", 40)
    assert [(s.name, s.labels["queue"], s.value) for s in first.samples] == [
        ("depth", 'a, "} b', 20),
        ("depth", "b", 0.5),
    ]
    assert (second.at, second.samples) == (65, [])
    assert "unclosed left parenthesis" in second.error


def test_errors_of_rules_are_read() -> None:
    """A rule that cannot be computed is named, with Prometheus' words."""
    assert rule_errors("    rule: x:y:z, time: 0s, err: found duplicate series\n") == [
        "x:y:z: found duplicate series"
    ]


def test_quotes_and_backslashes_survive() -> None:
    """Labels are read as Go prints them."""
    assert labels_of(r'{a="b\\c", d="e\"f", g="h\ni"}') == {"a": r"b\c", "d": 'e"f', "g": "h\ni"}
