"""What is done with a decision: processes here, containers of Compose, or advice."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from rabbit_chatter.autoscale.policy import Decision, Reading
from rabbit_chatter.autoscale.sight import Census, Sight
from rabbit_chatter.bots.orders import shares, tell
from rabbit_chatter.broker import Publisher
from rabbit_chatter.errors import DirectoryUnavailableError, UpError
from rabbit_chatter.up.fleet import Fleet

_PATIENCE = 30.0  # seconds for a process to appear, or to leave
_COMPOSE_SECONDS = 120.0  # containers that end say goodbye first
_SURE = 3  # looks with a wrong number of bots: while some move, the directory lists more, or fewer

log = structlog.get_logger()


async def nothing() -> None:
    """Leave all as it is."""


@dataclass(frozen=True)
class Hands:
    """What is done with decisions.

    Attributes:
        act: does what was decided, where that changes something.
        keep: is called where nothing changes.
        lives: whether there is still something to decide about.
    """

    act: Callable[[Decision, Reading], Awaitable[None]]
    keep: Callable[[], Awaitable[None]] = nothing
    lives: Callable[[], bool] = lambda: True


def local(sight: Sight, fleet: Fleet, publisher: Publisher) -> Hands:
    """Return what starts and stops processes of the local network; the number of bots stays as it is."""
    wrong = 0

    async def share(now: Census) -> None:
        nonlocal wrong
        wrong = 0
        # As many as were asked for, whatever the directory lists.
        await tell(publisher, shares(fleet.bots, sorted(now.instances)))

    async def act(decision: Decision, seen: Reading) -> None:
        if decision.wanted > seen.actual:
            names = {await asyncio.to_thread(fleet.grow) for _ in range(decision.wanted - seen.actual)}
            now = await _until(sight, lambda now: names <= now.instances)
        else:
            gone = {await asyncio.to_thread(fleet.shrink) for _ in range(seen.actual - decision.wanted)}
            now = await _until(sight, lambda now: not gone & now.instances)
        await share(now)
        log.info("scaling.done", processes=len(now.instances), bots=fleet.bots)

    async def keep() -> None:
        """Share bots out again after a crash: a process is started again without its share."""
        nonlocal wrong
        now = await sight.census()
        wrong = wrong + 1 if now.bots != fleet.bots else 0
        if wrong >= _SURE and len(now.instances) == fleet.size:
            await share(now)
            log.info("scaling.shared_out", processes=fleet.size, bots=fleet.bots, listed=now.bots)

    return Hands(act, keep, fleet.lives)


def compose(sight: Sight) -> Hands:
    """Return what lets Compose start and stop containers; each brings the bots that compose gives it."""

    async def act(decision: Decision, _seen: Reading) -> None:
        await _run(*compose_command(decision.wanted))
        now = await _until(sight, lambda now: len(now.instances) == decision.wanted)
        log.info("scaling.done", processes=len(now.instances), bots=now.bots)

    return Hands(act)


async def advise(decision: Decision, _seen: Reading) -> None:
    """Say what to do."""
    log.info("scaling.advised", wanted=decision.wanted, command=" ".join(compose_command(decision.wanted)))


def compose_command(wanted: int) -> list[str]:
    """Return what makes Compose run so many processes of bots, and touch nothing else."""
    return f"docker compose up -d --no-deps --no-recreate --scale bots={wanted} bots".split()


async def _run(*command: str) -> None:
    """Run a program to its end.

    Raises:
        UpError: it is not there, took too long, or failed.
    """
    try:
        program = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise UpError(f"{command[0]} cannot be run: {error}") from error
    try:
        async with asyncio.timeout(_COMPOSE_SECONDS):
            said, _ = await program.communicate()
    except TimeoutError as error:
        program.kill()
        await program.wait()
        raise UpError(f"{' '.join(command)} took more than {_COMPOSE_SECONDS:g} s") from error
    if program.returncode:
        raise UpError(f"{' '.join(command)} failed: {said.decode(errors='replace').strip()[-500:]}")


async def _until(sight: Sight, check: Callable[[Census], bool]) -> Census:
    """Return who is there as soon as ``check`` holds, or patience ends: the next look sees what is there.

    Raises:
        DirectoryUnavailableError: the queue-manager did not answer in all that time.
    """
    return await AsyncRetrying(
        stop=stop_after_delay(_PATIENCE),
        wait=wait_fixed(0.5),
        retry=retry_if_result(lambda now: not check(now))
        | retry_if_exception_type(DirectoryUnavailableError),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )(sight.census)
