"""Looks at depth, wait and flow, lets the policy decide, and lets the decision be done."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from rabbit_chatter.errors import DirectoryUnavailableError, UpError
from rabbit_chatter.settings import TelemetrySettings
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.up.fleet import Fleet
from rabbit_chatter.up.options import Ports
from rabbit_chatter.up.policy import (
    DEPTH_QUERY,
    FLOW_QUERY,
    WAIT_QUERY,
    Decision,
    Memory,
    Policy,
    Reading,
    decide,
)
from rabbit_chatter.up.tracing import find_jaeger

_PATIENCE = 30.0  # seconds for a process to appear, or to leave

log = structlog.get_logger()


class Sight:
    """What Prometheus and the queue-manager know.

    Args:
        prometheus: its address.
        queue_manager: its address.
    """

    def __init__(self, prometheus: str, queue_manager: str) -> None:
        self._prometheus = prometheus
        self._queue_manager = queue_manager
        self._client = httpx.Client(timeout=10, trust_env=False)

    def read(self) -> Reading:
        """Return what is there now.

        Raises:
            DirectoryUnavailableError: one of the two does not answer.
        """
        depth, wait, flow = (self._number(query) for query in (DEPTH_QUERY, WAIT_QUERY, FLOW_QUERY))
        return Reading(time.monotonic(), depth, wait, flow, len(self.processes()))

    def processes(self) -> list[str]:
        """Return the instances of bot processes that are connected."""
        found = self._ask(f"{self._queue_manager}/stats")["components"]
        return [one["instance"] for one in found if one["component"] == "bots"]

    def bots(self) -> int:
        """Return how many bots are chatting."""
        return int(self._ask(f"{self._queue_manager}/stats")["bots"])

    def _number(self, query: str) -> float:
        answer = self._ask(f"{self._prometheus}/api/v1/query", query=query)
        try:
            return float(answer["data"]["result"][0]["value"][1])
        except (LookupError, TypeError, ValueError) as error:
            raise DirectoryUnavailableError(f"{self._prometheus} does not answer like Prometheus") from error

    def _ask(self, url: str, **params: str) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._client.get(url, params=params).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise DirectoryUnavailableError(
                f"{url} does not answer ({error or type(error).__name__}): is it installed, and running? See "
                "`rabbit-chatter status`"
            ) from error


@dataclass(frozen=True)
class Hands:
    """What is done with decisions.

    Attributes:
        act: does what was decided, where that changes something.
        lives: whether there is still something to decide about.
    """

    act: Callable[[Decision, Reading], None]
    lives: Callable[[], bool] = lambda: True


def local(sight: Sight, fleet: Fleet) -> Hands:
    """Return what starts and stops processes of the local network; the number of bots stays as it is."""

    def act(decision: Decision, seen: Reading) -> None:
        bots = sight.bots()
        there = set(sight.processes())
        if decision.wanted > seen.actual:
            names = {fleet.grow() for _ in range(decision.wanted - seen.actual)}
            _until(lambda: names <= set(sight.processes()))
        else:
            gone = {fleet.shrink() for _ in range(seen.actual - decision.wanted)} & there
            _until(lambda: not gone & set(sight.processes()))
        fleet.share(bots)
        log.info("scaling.done", processes=len(sight.processes()), bots=bots)

    return Hands(act, fleet.lives)


def traced(hands: Hands, tracer: Tracer) -> Hands:
    """Return ``hands`` with a span around what they do, whose trace id their log lines carry."""

    def act(decision: Decision, seen: Reading) -> None:
        attributes: dict[str, AttributeValue] = {
            c.SCALING_WANTED: decision.wanted,
            c.SCALING_ACTUAL: seen.actual,
            c.SCALING_REASON: decision.reason,
        }
        with tracer.start_as_current_span("scale", attributes=attributes):
            hands.act(decision, seen)

    return Hands(act, hands.lives)


def telemetry_of(ports: Ports) -> TelemetrySettings:
    """Return the settings of a process beside the local network: its traces go where the others' go."""
    settings = TelemetrySettings()
    if settings.traces_url is None and find_jaeger() is not None:
        return settings.model_copy(update={"otlp_base": ports.url("otlp")})
    return settings


def advise(decision: Decision, _seen: Reading) -> None:
    """Say what to do where containers are somebody else's."""
    command = f"docker compose up -d --scale bots={decision.wanted} --no-recreate"
    log.info("scaling.advised", wanted=decision.wanted, command=command)


def watch(sight: Sight, policy: Policy, hands: Hands, every: float) -> None:
    """Decide every so many seconds, until interrupted or until there is nothing left to decide about.

    Args:
        sight: where depth, wait and flow are read.
        policy: the rule's numbers.
        hands: what is done with decisions.
        every: seconds between two looks.

    Raises:
        DirectoryUnavailableError: at the first look, what is asked does not answer; later it is asked again.
    """
    memory, last = Memory(), None
    seen: Reading | None = sight.read()
    while seen is not None:
        decision, memory = decide(policy, memory, seen)
        if decision != last:
            _tell(decision, seen)
        last = decision
        if decision.wanted != seen.actual:
            try:
                hands.act(decision, seen)
            except (UpError, DirectoryUnavailableError) as error:
                log.warning("scaling.failed", error=str(error))
        seen = _next(sight, hands, every)


def _tell(decision: Decision, seen: Reading) -> None:
    log.info(
        "scaling.decided",
        wanted=decision.wanted, actual=seen.actual, asked=decision.asked, reason=decision.reason,
        held=decision.held, depth=seen.depth, wait_s=round(seen.wait, 3), flow=round(seen.flow, 1),
    )  # fmt: skip


def _next(sight: Sight, hands: Hands, every: float) -> Reading | None:
    """Return the next reading, however long nobody answers, or ``None``: all has ended."""
    while hands.lives():
        time.sleep(every)
        try:
            return sight.read()
        except DirectoryUnavailableError as error:
            log.warning("scaling.blind", error=str(error))
    log.info("scaling.ended")
    return None


def _until(check: Callable[[], bool]) -> None:
    """Wait until ``check`` holds, or patience ends: the next look sees what is there."""
    end = time.monotonic() + _PATIENCE
    while not check() and time.monotonic() < end:
        time.sleep(0.5)
