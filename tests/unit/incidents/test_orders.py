import pytest

from rabbit_chatter.errors import IncidentError
from rabbit_chatter.incidents.orders import Start, Stop, decode, encode, seconds


@pytest.mark.parametrize(
    "order", [Start("slow-dialect", 60, 0.5, "class", secret=True), Stop("slow-dialect"), Stop()]
)
def test_an_order_is_read_as_it_was_written(order: Start | Stop) -> None:
    """What one component says the others understand."""
    assert decode(encode(order)) == order


def test_other_orders_are_left_to_others() -> None:
    """An order to scale, and anything that is no JSON, is none about an incident."""
    assert decode('{"scale": {"bots": 3}}') is None
    assert decode("[]") is None
    assert decode("hello") is None


@pytest.mark.parametrize(
    "text",
    [
        '{"incident": {}}',
        '{"incident": {"do": "dance"}}',
        '{"incident": {"do": "start", "name": "x", "seconds": 1e9, "intensity": 1, "seed": ""}}',
        '{"incident": {"do": "start", "name": "x", "seconds": 90, "intensity": 2, "seed": ""}}',
        '{"incident": {"do": "start", "name": "x", "seconds": 90, "intensity": 1, "seed": "%s"}}'
        % ("x" * 999),
    ],
)
def test_a_wrong_order_is_refused(text: str) -> None:
    """Whoever can write to the control fanout cannot start anything without an end."""
    with pytest.raises(IncidentError):
        decode(text)


def test_durations() -> None:
    """Durations are written as in Prometheus, and have bounds."""
    assert [seconds(text) for text in ("90", "90s", "5m", "1h")] == [90, 90, 300, 3600]
    for wrong in ("", "1", "2h", "-5m", "5 m", "five", "9" * 50):
        with pytest.raises(IncidentError, match="no time for an incident"):
            seconds(wrong)
