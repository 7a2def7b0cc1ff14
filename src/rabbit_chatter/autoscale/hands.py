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

log = structlog.get_logger()


@dataclass(frozen=True)
class Hands:
    """What is done with decisions.

    Attributes:
        act: does what was decided, where that changes something.
        lives: whether there is still something to decide about.
    """

    act: Callable[[Decision, Reading], Awaitable[None]]
    lives: Callable[[], bool] = lambda: True


def local(sight: Sight, fleet: Fleet, publisher: Publisher) -> Hands:
    """Return what starts and stops processes of the local network; the number of bots stays as it is."""

    async def act(decision: Decision, seen: Reading) -> None:
        if decision.wanted > seen.actual:
            names = {await asyncio.to_thread(fleet.grow) for _ in range(decision.wanted - seen.actual)}
            now = await _until(sight, lambda now: names <= now.instances)
        else:
            gone = {await asyncio.to_thread(fleet.shrink) for _ in range(seen.actual - decision.wanted)}
            now = await _until(sight, lambda now: not gone & now.instances)
        # As many as were asked for: while some move, the directory lists more, or fewer.
        bots = fleet.bots
        await tell(publisher, shares(bots, sorted(now.instances)))
        log.info("scaling.done", processes=len(now.instances), bots=bots)

    return Hands(act, fleet.lives)


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
