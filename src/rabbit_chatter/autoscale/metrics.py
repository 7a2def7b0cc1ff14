"""What the autoscaler says of its decisions."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from rabbit_chatter.autoscale.policy import REASONS, Decision, Reading


class ScalingMetrics:
    """Decisions as numbers; what they are made of, depth and wait, Prometheus knows from others.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._wanted = Gauge(
            "chatter_autoscaler_processes_wanted", "Processes of bots there shall be now.", registry=registry
        )
        self._asked = Gauge(
            "chatter_autoscaler_processes_asked",
            "Processes that depth, wait and flow ask for, within the bounds, before pace and patience.",
            registry=registry,
        )
        self._actual = Gauge(
            "chatter_autoscaler_processes_actual", "Processes of bots there are.", registry=registry
        )
        self._changes = Counter(
            "chatter_autoscaler_changes",
            "Decisions to change the number of processes, by what asked for it.",
            ["direction", "reason"],
            registry=registry,
        )
        self._turns = Counter(
            "chatter_autoscaler_turns",
            "Changes in the other direction than the one before: one for each storm; many are flapping.",
            registry=registry,
        )
        self.failures = Counter(
            "chatter_autoscaler_failures",
            "Looks without an answer, and changes that failed.",
            ["step"],
            registry=registry,
        )
        self._last = ""
        for direction in ("up", "down"):
            for reason in REASONS:
                self._changes.labels(direction, reason)  # `rate()` does not see a first appearance
        for step in ("look", "change"):
            self.failures.labels(step)

    def note(self, decision: Decision, seen: Reading) -> None:
        """Note what was decided."""
        self._wanted.set(decision.wanted)
        self._asked.set(decision.asked)
        self._actual.set(seen.actual)
        if decision.wanted == seen.actual:
            return
        direction = "up" if decision.wanted > seen.actual else "down"
        self._changes.labels(direction, decision.reason).inc()
        if self._last not in ("", direction):
            self._turns.inc()
        self._last = direction
