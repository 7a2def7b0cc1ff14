"""In each component: obeys orders about incidents, and ends each when its time is over."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import structlog

from rabbit_chatter.broker import Handler
from rabbit_chatter.errors import BadMessageError, IncidentError, PublishError
from rabbit_chatter.incidents.catalogue import Incident, find
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.faults import FAULTS
from rabbit_chatter.incidents.orders import Ask, Order, Start, Stop, Told, decode, encode
from rabbit_chatter.incidents.seams import Seams
from rabbit_chatter.messages import Kind, Message, Reason, new_id

log = structlog.get_logger()


@dataclass
class Active:
    """An incident that runs, as one component knows it.

    Attributes:
        incident: which.
        order: how it was ordered.
        started: when that was heard.
        left: seconds that it may last from now on; fewer than ordered if it was told of later.
        over: set when it shall end before its time.
    """

    incident: Incident
    order: Start
    started: datetime
    left: float
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def ends(self) -> datetime:
        """When it ends at the latest."""
        return self.started + timedelta(seconds=self.order.seconds)


Listener = Callable[[Active, bool], Awaitable[None]]


class Agent:
    """Breaks its own component on demand, and mends it on demand or in time.

    Args:
        component: ``bots`` or ``server``; what is to be done in others is only noted.
        seams: of the component.
        catalogue: all incidents.
        told: called with each incident that begins (true) or ends (false); for the teacher's view.

    Attributes:
        running: by name.
        publish: how other components are answered; ``None`` until the broker is there.
    """

    def __init__(
        self, component: str, seams: Seams, catalogue: Mapping[str, Incident], told: Listener | None = None
    ) -> None:
        self._component = component
        self._seams = seams
        self._catalogue = catalogue
        self._told = told
        self.running: dict[str, Active] = {}
        self.publish: Callable[[Message], Awaitable[None]] | None = None
        self._learning = False

    async def __aenter__(self) -> Self:
        """Nothing runs yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything: whoever stops the component does not wait for an incident."""
        self._seams.subscriptions.clear()  # nobody needs a consumer back
        tasks = [active.task for active in self.running.values() if active.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def around(self, others: Handler) -> Handler:
        """Return a handler of control messages that passes on to ``others`` what is not about incidents."""

        async def obey(message: Message) -> None:
            try:
                order = decode(message.text)
                if order is None:
                    return await others(message)
                await self.obey(order)
            except IncidentError as error:
                raise BadMessageError(Reason.BAD_FIELD, str(error)) from error

        return obey

    async def obey(self, order: Order) -> None:
        """Begin or end an incident, or tell of it; returns before it has done its harm.

        Raises:
            IncidentError: it is not in the catalogue.
        """
        match order:
            case Start():
                await self._end(order.name)
                self._begin(order, 0.0)
            case Stop():
                self._learning = False  # what others tell may be older
                for name in [order.name] if order.name else list(self.running):
                    await self._end(name)
            case Ask():
                for active in list(self.running.values()):
                    await self._say(Told(active.order, active.started.timestamp()))
            case Told(order=told) if self._learning and told.name not in self.running:
                self._begin(told, max(time.time() - order.began, 0.0))

    async def learn(self) -> None:
        """Ask the others what runs, and join in."""
        self._learning = True
        await self._say(Ask())

    async def _say(self, order: Order) -> None:
        if self.publish is None:
            return
        try:
            await self.publish(Message(new_id(), Kind.CONTROL, self._component, encode(order)))
        except PublishError as error:
            log.warning("incident.not_told", error=str(error))

    def _begin(self, order: Start, ago: float) -> None:
        incident, started = find(self._catalogue, order.name), datetime.now(UTC) - timedelta(seconds=ago)
        active = Active(incident, order, started, order.seconds - ago)
        self.running[order.name] = active
        active.task = asyncio.create_task(self._run(active), name="incident")

    async def _end(self, name: str) -> None:
        active = self.running.get(name)
        if active is not None and active.task is not None:
            active.over.set()
            with suppress(asyncio.CancelledError):
                await asyncio.shield(active.task)

    async def _run(self, active: Active) -> None:
        ours = active.incident.inject.component == self._component
        await self._tell(active, begins=True)
        try:
            if ours:
                await self._break(active)
            else:
                await self._wait(active)
        except Exception as error:
            # The chat goes on, and so does whatever else runs: a fault of a fault is only told.
            if not active.order.secret:
                log.warning("incident.failed", incident=active.incident.name, error=repr(error))
        finally:
            if self.running.get(active.order.name) is active:
                del self.running[active.order.name]
            await self._tell(active, begins=False)

    async def _break(self, active: Active) -> None:
        inject, order = active.incident.inject, active.order
        fault = FAULTS[inject.fault].enter(self._seams, Dose(order.intensity, order.seed), inject.parameters)
        async with fault:
            await self._wait(active)

    async def _wait(self, active: Active) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(active.left):
                await active.over.wait()

    async def _tell(self, active: Active, *, begins: bool) -> None:
        if not active.order.secret:
            event = "incident.started" if begins else "incident.ended"
            log.info(event, incident=active.incident.name, intensity=active.order.intensity)
        if self._told is not None:
            await self._told(active, begins)
