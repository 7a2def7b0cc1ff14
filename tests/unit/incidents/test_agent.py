import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from rabbit_chatter.errors import BadMessageError, IncidentError
from rabbit_chatter.incidents.agent import Active, Agent
from rabbit_chatter.incidents.catalogue import load
from rabbit_chatter.incidents.orders import Ask, Start, Stop, Told, decode, encode
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.messages import Kind, Message, new_id
from rabbit_chatter.telemetry.metrics import Metrics
from support import eventually

CATALOGUE = load()


def agent(component: str = "bots") -> tuple[Agent, Seams, list[tuple[str, bool]]]:
    """Return an agent, the seams of its component, and what it tells."""
    seams = Seams(Metrics(CollectorRegistry(), component))
    told: list[tuple[str, bool]] = []

    async def tell(active: Active, begins: bool) -> None:  # noqa: FBT001 - as the agent tells it
        told.append((active.order.name, begins))

    return Agent(component, seams, CATALOGUE, tell), seams, told


def start(name: str = "slow-dialect", seconds: int = 60) -> Start:
    """Return an order."""
    return Start(name, seconds, 1.0, "seed")


def said(text: str) -> Message:
    """Return a control message."""
    return Message(new_id(), Kind.CONTROL, "teacher", text)


async def test_an_incident_begins_and_is_stopped() -> None:
    """What is put into a seam is there while the incident runs, and gone when it was stopped."""
    breaking, seams, told = agent()
    async with breaking:
        await breaking.obey(start())
        await eventually(lambda: seams.composing.layers)
        assert list(breaking.running) == ["slow-dialect"]
        await breaking.obey(Stop("slow-dialect"))
        assert not seams.composing.layers
        assert breaking.running == {}
    assert told == [("slow-dialect", True), ("slow-dialect", False)]


async def test_an_incident_ends_by_itself() -> None:
    """When its time is over, nobody need stop it."""
    breaking, seams, _ = agent()
    async with breaking:
        await breaking.obey(start(seconds=1))
        await eventually(lambda: seams.composing.layers)
        await eventually(lambda: not seams.composing.layers and not breaking.running, 10)


async def test_started_again_it_has_another_time() -> None:
    """The same incident runs once, with the last order."""
    breaking, seams, _ = agent()
    async with breaking:
        await breaking.obey(start(seconds=60))
        await breaking.obey(start(seconds=600))
        await eventually(lambda: len(seams.composing.layers) == 1)
        assert breaking.running["slow-dialect"].order.seconds == 600


async def test_several_run_at_once_and_are_stopped_together() -> None:
    """Incidents do not know of one another; stop without a name ends them all."""
    breaking, seams, _ = agent()
    async with breaking:
        await breaking.obey(start("slow-dialect"))
        await breaking.obey(start("sampling-off"))
        await eventually(lambda: seams.composing.layers and seams.sampling.layers)
        await breaking.obey(Stop())
        assert not seams.composing.layers
        assert not seams.sampling.layers


async def test_who_comes_later_learns_what_runs() -> None:
    """It goes on for the rest of its time; who did not ask, or has heard of an end since, does not join."""
    (telling, _, _), (learning, _, _), (busy, _, _) = agent(), agent("server"), agent()
    answers: list[Message] = []

    async def answer(message: Message) -> None:
        answers.append(message)

    async with telling, learning, busy:
        await telling.obey(start(seconds=600))
        telling.publish = learning.publish = answer
        await learning.learn()
        assert decode(answers[0].text) == Ask()
        await telling.obey(Ask())
        told = decode(answers[1].text)
        assert isinstance(told, Told)
        await learning.obey(told)
        await busy.obey(told)
        assert [list(one.running) for one in (learning, busy)] == [["slow-dialect"], []]
        ends = [one.running["slow-dialect"].ends for one in (telling, learning)]
        assert abs(ends[0] - ends[1]) < timedelta(milliseconds=1)
        await learning.obey(Stop())
        await learning.obey(told)
        assert learning.running == {}


async def test_others_incidents_are_noted_only() -> None:
    """The chat server knows that bots are broken, and is not broken itself."""
    noting, seams, told = agent("server")
    async with noting:
        await noting.obey(start())
        await eventually(lambda: told)
        assert list(noting.running) == ["slow-dialect"]
        assert not seams.composing.layers


async def test_a_component_that_stops_ends_its_incidents() -> None:
    """Nobody waits for an incident at the end, and nothing stays broken."""
    breaking, seams, _ = agent()
    async with breaking:
        await breaking.obey(start(seconds=3600))
        await eventually(lambda: seams.composing.layers)
    assert not seams.composing.layers


async def test_a_fault_that_fails_is_over() -> None:
    """Without a broker nothing can flood it: the incident ends, and the component goes on."""
    breaking, _, _ = agent()
    async with breaking:
        await breaking.obey(start("publish-storm"))
        await eventually(lambda: not breaking.running)


async def test_orders_arrive_as_control_messages() -> None:
    """Orders about incidents are obeyed, others passed on, and wrong ones become dead letters."""
    breaking, _, _ = agent()
    others: list[Message] = []

    async def other(message: Message) -> None:
        others.append(message)

    obey = breaking.around(other)
    async with breaking:
        await obey(said(encode(start())))
        assert list(breaking.running) == ["slow-dialect"]
        await obey(said('{"scale": {"a": 1}}'))
        assert len(others) == 1
        for wrong in ('{"incident": 1}', encode(start("nothing"))):
            with pytest.raises(BadMessageError):
                await obey(said(wrong))


async def test_a_stranger_cannot_order_what_is_not_there() -> None:
    """An unknown incident is refused."""
    breaking, _, _ = agent()
    with pytest.raises(IncidentError), suppress(asyncio.CancelledError):
        await breaking.obey(start("rm-rf"))
