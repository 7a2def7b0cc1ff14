from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabbit_chatter.autoscale.policy import Memory, Pace, Policy, Reading, decide

POLICY = Policy()
# A busy machine is slow and not wrong.
patiently = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

READINGS = st.tuples(st.floats(0, 1e5), st.floats(0, 60), st.floats(0, 1e4))
EVERY = 5.0  # seconds between two readings, as between two scrapes

# Recorded by Prometheus, 5 s apart: forty bots in two processes, of which one was paused for 22 s.
PAUSE_DEPTH = [0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 2, 0, 1]
PAUSE_WAIT = [0, 0.01, 0.014, 0.01, 0.015, 0.058, 0.076, 0.088, 0.281, 1.225, 12.539, 4.027, 1.115]

# The same, when 160 bots came, and then four more processes to which they moved, beginning anew there.
CROWD_WAIT = [2.4, 4.8, 9.0, 9.4, 9.4, 9.7, 9.7, 9.5, 9.3, 8.4, 4.0, 2.2, 2.0, *[0.01] * 14]
CROWD_FLOW = [
    9.9, 16.1, 21.0, 28.1, 36.4, 39.9, 44.2, 46.5, 49.7, 53.0, 53.4, 52.9, 47.1,
    46.7, 45.1, 45.3, 45.6, 46.4, 46.4, 49.6, 51.1, 52.7, 53.3, 49.0, 51.2, 50.4, 51.7,
]  # fmt: skip


def counts(policy: Policy, seen: Iterable[tuple[float, float, float]], actual: int = 1) -> list[int]:
    """Return the number of processes after each reading, if everything wanted is done."""
    found = [actual]
    memory = Memory()
    for number, (depth, wait, flow) in enumerate(seen):
        decision, memory = decide(policy, memory, Reading(EVERY * number, depth, wait, flow, found[-1]))
        found.append(decision.wanted)
    return found


def storm(policy: Policy, rates: Iterable[float], carries: float = 300) -> Iterator[tuple[int, float]]:
    """Yield processes and depth while ``rates`` messages a second come in, of which each handles ``carries``.

    The depth that a decision changes comes back to it here, as it does in life; a message waits as long as
    those before it take.
    """
    actual, depth, memory = 1, 0.0, Memory()
    for number, rate in enumerate(rates):
        flow = min(rate + depth / EVERY, carries * actual)
        depth += EVERY * (rate - flow)
        wait = depth / (carries * actual)
        decision, memory = decide(policy, memory, Reading(EVERY * number, depth, wait, flow, actual))
        actual = decision.wanted
        yield actual, depth


def turns(numbers: list[int]) -> int:
    """Return how often a series changes its direction."""
    steps = [after - before for before, after in pairwise(numbers) if after != before]
    return sum((one > 0) != (other > 0) for one, other in pairwise(steps))


STORM = [50] * 6 + [900] * 12 + [50] * 120  # messages a second; a minute of storm between calm


def test_storm_is_answered_and_forgotten_slowly() -> None:
    """More processes come within 30 s of a storm's begin; the depth falls; then they go, one by one, once."""
    found = list(storm(POLICY, STORM))
    number = [actual for actual, _ in found]
    assert number[5] == 1
    assert max(number[6:12]) >= 3
    assert found[30][1] == 0
    assert number[-1] == POLICY.least
    assert turns(number) == 1


def test_without_patience_it_flaps() -> None:
    """In waves of load, the rule goes up and down with each of them if it takes processes away at once."""
    waves = ([700] * 6 + [50] * 8) * 6
    hasty = replace(POLICY, down=Pace(step=8, period=1, hold=0))
    patient, flapping = ([actual for actual, _ in storm(policy, waves)] for policy in (POLICY, hasty))
    assert turns(flapping) >= 8
    assert turns(patient) <= 1


def test_recorded_pause() -> None:
    """A pause of half of the bots asks for more processes when what waited is read, and for no turn back."""
    number = counts(POLICY, zip(PAUSE_DEPTH, PAUSE_WAIT, [9.0] * 13, strict=True), actual=2)
    assert number[: PAUSE_WAIT.index(1.225) + 1] == [2] * 10
    assert number[-1] > 2
    assert turns(number) == 0


def test_recorded_crowd() -> None:
    """What bots say less while they move takes no process away, as it would with little patience."""
    policy = Policy(most=5, flow=12)
    hasty = replace(policy, down=replace(policy.down, hold=30))
    seen = [(0.0, wait, flow) for wait, flow in zip(CROWD_WAIT, CROWD_FLOW, strict=True)]
    assert turns(counts(hasty, seen)) == 2
    assert turns(counts(policy, seen)) == 0
    assert counts(policy, seen)[-1] == 5


def test_calm_keeps_the_least() -> None:
    """Where nothing waits, there are as few as may be; where everything waits, no more than may be."""
    assert set(counts(POLICY, [(0, 0.01, 9)] * 50)) == {POLICY.least}
    assert max(counts(POLICY, [(1e6, 100, 0)] * 50)) == POLICY.most


def test_small_differences_do_not_count() -> None:
    """Within a tenth of what is right, nothing is changed."""
    assert set(counts(POLICY, [(205, 0.9, 0), (190, 1.05, 810)] * 20, actual=4)) == {4}


def test_decision_says_why() -> None:
    """What asked for more processes is named, and whether patience or pace holds it back."""
    by_wait, _ = decide(POLICY, Memory(), Reading(0, 10, 3.0, 9, 1))
    by_depth, _ = decide(POLICY, Memory(), Reading(0, 1000, 0.1, 9, 1))
    idle, _ = decide(POLICY, Memory(), Reading(0, 0, 0, 0, 4))
    assert (by_wait.asked, by_wait.wanted, by_wait.reason, by_wait.held) == (3, 3, "wait", False)
    assert (by_depth.asked, by_depth.wanted, by_depth.reason, by_depth.held) == (8, 3, "bounds", True)
    assert (idle.asked, idle.wanted, idle.held) == (1, 4, True)


@patiently
@given(st.lists(READINGS, max_size=80), st.integers(0, POLICY.most))
def test_steps_are_bounded_whatever_is_seen(seen: list[tuple[float, float, float]], actual: int) -> None:
    """No series of readings makes it leave its bounds, or change faster than its pace in any window."""
    number = counts(POLICY, seen, actual)
    steps = [after - before for before, after in pairwise(number)]
    assert all(POLICY.least <= one <= POLICY.most for one in number[1:])
    for pace, sign in ((POLICY.up, 1), (POLICY.down, -1)):
        window = int(pace.period / EVERY)
        taken = [max(step * sign, 0) for step in steps]
        assert all(sum(taken[start : start + window]) <= pace.step for start in range(len(taken)))


@patiently
@given(st.lists(READINGS, min_size=24, max_size=80))
def test_nothing_is_taken_away_soon_after_it_was_needed(seen: list[tuple[float, float, float]]) -> None:
    """A process goes only if for two minutes nothing asked for so many."""
    number = counts(POLICY, seen, POLICY.most)
    for index, (before, after) in enumerate(pairwise(number)):
        if after < before:
            assert index * EVERY >= POLICY.down.hold
