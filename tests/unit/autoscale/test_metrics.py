from prometheus_client import CollectorRegistry

from rabbit_chatter.autoscale.metrics import ScalingMetrics
from rabbit_chatter.autoscale.policy import Decision, Reading


def noted(*numbers: int) -> CollectorRegistry:
    """Return what is exposed after each of ``numbers`` was wanted, one after the other."""
    registry = CollectorRegistry()
    metrics = ScalingMetrics(registry)
    actual = 1
    for number in numbers:
        reason = "wait" if number > actual else "flow"
        metrics.note(Decision(number, number, reason, held=False), Reading(0, 0, 0, 0, actual))
        actual = number
    return registry


def test_numbers_stand_side_by_side() -> None:
    """What is wanted, what is asked for and what is there are three gauges."""
    registry = noted(3, 2)
    found = [
        registry.get_sample_value(f"chatter_autoscaler_processes_{name}") for name in ("wanted", "actual")
    ]
    assert found == [2, 3]


def test_changes_have_a_direction_and_a_reason() -> None:
    """A decision that changes nothing is none."""
    registry = noted(1, 3, 3, 2, 1)
    name = "chatter_autoscaler_changes_total"
    assert registry.get_sample_value(name, {"direction": "up", "reason": "wait"}) == 1
    assert registry.get_sample_value(name, {"direction": "down", "reason": "flow"}) == 2
    assert registry.get_sample_value(name, {"direction": "up", "reason": "depth"}) == 0


def test_a_storm_is_one_turn_and_flapping_many() -> None:
    """Up in steps and down in steps is one change of mind; up, down, up, down are three."""
    assert noted(3, 5, 5, 4, 3, 2, 1).get_sample_value("chatter_autoscaler_turns_total") == 1
    assert noted(2, 1, 2, 1).get_sample_value("chatter_autoscaler_turns_total") == 3
