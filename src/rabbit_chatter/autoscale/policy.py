"""How many processes of bots there should be, by what waits, how long, and how much is done: a pure rule.

It is the rule of Kubernetes' HorizontalPodAutoscaler, with numbers of our own, so that KEDA decides the same
in a cluster (``deployment/kubernetes/operators/scaling.yaml``, which a test compares):
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details and
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior.
"""

import math
from dataclasses import dataclass, replace

# What the numbers below are compared with; Prometheus answers each with one number.
DEPTH_QUERY = (
    'sum(rabbitmq_detailed_queue_messages_ready{vhost="chatter", queue!~"chatter[.].+"}) or vector(0)'
)
WAIT_QUERY = (
    "histogram_quantile(0.95, sum by (le) ("
    'rate(chatter_queue_wait_seconds_bucket{component="bots"}[30s]))) > 0 or vector(0)'
)
FLOW_QUERY = 'sum(rate(messaging_client_consumed_messages_total{component="bots"}[30s])) or vector(0)'

# What may ask for a change; a metric label.
REASONS = ("wait", "depth", "flow", "bounds")


@dataclass(frozen=True)
class Pace:
    """How fast the number may change in one direction.

    Attributes:
        step: at most so many processes …
        period: … within so many seconds.
        hold: seconds for which every answer must have been on this side before it is followed.
    """

    step: int
    period: float
    hold: float


@dataclass(frozen=True)
class Policy:
    """When there are too few or too many processes.

    Attributes:
        least: there are never fewer processes.
        most: nor more.
        depth: messages that may wait in queues, for each process.
        wait: seconds that 19 of 20 messages may wait at most.
        flow: messages a second that each process shall handle; it carries 300 (docs/performance.md). Without
            it, nothing would tell enough processes from too many: depth and wait are nought with both.
        tolerance: a share by which any of them may miss without any consequence; Kubernetes' default.
        up: quick, as people wait; but a second step only when the first can be seen: wait and flow are those
            of half a minute.
        down: slow and only after a while, as the next burst may come, and as bots that moved begin their
            conversations anew: for half a minute there is less to do than there will be.
    """

    least: int = 1
    most: int = 8
    depth: float = 50
    wait: float = 1.0
    flow: float = 200
    tolerance: float = 0.1
    up: Pace = Pace(step=2, period=30, hold=0)
    down: Pace = Pace(step=1, period=30, hold=120)


@dataclass(frozen=True)
class Reading:
    """What was seen.

    Attributes:
        at: when, in seconds of any clock that does not go back.
        depth: messages that wait, in all queues together.
        wait: seconds that 19 of 20 messages waited at most.
        flow: messages that were handled, per second, by all processes together.
        actual: processes there are.
    """

    at: float
    depth: float
    wait: float
    flow: float
    actual: int


@dataclass(frozen=True)
class Memory:
    """What the rule must know of the past.

    Attributes:
        asked: when how many processes would have been right.
        changed: when how many were added, or taken away where it is negative.
    """

    asked: tuple[tuple[float, int], ...] = ()
    changed: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Decision:
    """What shall be.

    Attributes:
        wanted: processes there shall be now.
        asked: processes that would be right, if there were no limits and no patience.
        reason: ``wait``, ``depth`` or ``flow``, whichever asked for most; ``bounds`` if that was less than
            ``least`` or more than ``most``.
        held: whether patience or pace keeps ``wanted`` from what was asked.
    """

    wanted: int
    asked: int
    reason: str
    held: bool


def decide(policy: Policy, memory: Memory, seen: Reading) -> tuple[Decision, Memory]:
    """Return how many processes there shall be, and what to remember for the next time."""
    actual = max(seen.actual, 1)
    asked_by = {
        "wait": _right(actual, seen.wait / policy.wait, policy.tolerance),
        "depth": _right(actual, seen.depth / (policy.depth * actual), policy.tolerance),
        "flow": _right(actual, seen.flow / (policy.flow * actual), policy.tolerance),
    }
    reason = max(asked_by, key=asked_by.__getitem__)
    asked = min(max(asked_by[reason], policy.least), policy.most)
    reason = reason if asked == asked_by[reason] else "bounds"
    memory = _kept(policy, memory, seen, asked)
    wanted = _paced(policy, memory, seen, _patient(policy, memory, seen))
    if wanted != seen.actual:
        memory = replace(memory, changed=(*memory.changed, (seen.at, wanted - seen.actual)))
    return Decision(wanted, asked, reason, held=wanted != asked), memory


def _right(actual: int, share: float, tolerance: float) -> int:
    """Return how many are right where ``actual`` processes have ``share`` times what they should."""
    return actual if abs(share - 1) <= tolerance else math.ceil(round(actual * share, 9))


def _kept(policy: Policy, memory: Memory, seen: Reading, asked: int) -> Memory:
    """Return what of the past still counts, with what is asked now; in the beginning all was well."""
    hold = max(policy.up.hold, policy.down.hold)
    period = max(policy.up.period, policy.down.period)
    past = memory.asked or ((seen.at, seen.actual),)
    return Memory(
        (*((at, number) for at, number in past if at > seen.at - hold), (seen.at, asked)),
        tuple((at, change) for at, change in memory.changed if at > seen.at - period),
    )


def _patient(policy: Policy, memory: Memory, seen: Reading) -> int:
    """Return the number nearest to the actual one of those asked for within the time of patience."""
    *past, (_, now) = memory.asked
    fewest = min([now, *(number for at, number in past if at > seen.at - policy.up.hold)])
    largest = max([now, *(number for at, number in past if at > seen.at - policy.down.hold)])
    return fewest if fewest > seen.actual else min(largest, seen.actual)


def _paced(policy: Policy, memory: Memory, seen: Reading, wanted: int) -> int:
    """Return ``wanted``, or as much of the way there as the pace allows."""
    added = sum(max(change, 0) for at, change in memory.changed if at > seen.at - policy.up.period)
    taken = sum(max(-change, 0) for at, change in memory.changed if at > seen.at - policy.down.period)
    highest = seen.actual + max(policy.up.step - added, 0)
    lowest = seen.actual - max(policy.down.step - taken, 0)
    return min(max(wanted, lowest), highest)
