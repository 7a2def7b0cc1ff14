"""Look at depth, wait and flow, let the policy decide, let it be done, and again."""

import asyncio
from contextlib import suppress

import structlog

from rabbit_chatter.autoscale.hands import Hands
from rabbit_chatter.autoscale.metrics import ScalingMetrics
from rabbit_chatter.autoscale.policy import Decision, Memory, Policy, Reading, decide
from rabbit_chatter.autoscale.sight import Sight
from rabbit_chatter.errors import ChatterError, DirectoryUnavailableError, UpError

log = structlog.get_logger()


class Autoscaler:
    """The loop.

    Args:
        sight: where depth, wait and flow are read.
        policy: the rule's numbers.
        hands: what is done with decisions.
        metrics: where they are noted.

    Attributes:
        sees: whether the last look was answered.
    """

    def __init__(self, sight: Sight, policy: Policy, hands: Hands, metrics: ScalingMetrics) -> None:
        self._sight = sight
        self._policy = policy
        self._hands = hands
        self._metrics = metrics
        self._memory = Memory()
        self._last: Decision | None = None
        self.sees = False

    async def run(self, stopping: asyncio.Event, every: float) -> None:
        """Decide every so many seconds, until ``stopping`` is set or there is nothing to decide about.

        Raises:
            DirectoryUnavailableError: at the first look, what is asked does not answer; later it is asked
                again.
        """
        await self._decide(await self._sight.read())
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await stopping.wait()
            if not self._hands.lives():
                log.info("scaling.ended")
                return
            if not stopping.is_set():
                await self._look()

    async def _look(self) -> None:
        try:
            seen = await self._sight.read()
        except (DirectoryUnavailableError, UpError) as error:
            self.sees = False
            self._metrics.failures.labels("look").inc()
            log.warning("scaling.blind", error=str(error))
            return
        await self._decide(seen)

    async def _decide(self, seen: Reading) -> None:
        self.sees = seen.actual > 0
        if not self.sees:  # somebody else starts the first
            log.info("scaling.waiting", reason="no process of bots is connected")
            return
        decision, self._memory = decide(self._policy, self._memory, seen)
        self._metrics.note(decision, seen)
        if decision != self._last:
            _tell(decision, seen)
        self._last = decision
        try:
            if decision.wanted == seen.actual:
                await self._hands.keep()
            else:
                await self._hands.act(decision, seen)
        except ChatterError as error:
            self._metrics.failures.labels("change").inc()
            log.warning("scaling.failed", error=str(error))


def _tell(decision: Decision, seen: Reading) -> None:
    log.info(
        "scaling.decided",
        wanted=decision.wanted, actual=seen.actual, asked=decision.asked, reason=decision.reason,
        held=decision.held, depth=seen.depth, wait_s=round(seen.wait, 3), flow=round(seen.flow, 1),
    )  # fmt: skip
