"""The local network's processes of bots: one from the beginning, more that came and will go."""

from dataclasses import replace
from itertools import count
from pathlib import Path

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.ports import free_ports
from rabbit_chatter.up.record import Record
from rabbit_chatter.up.services import Plan
from rabbit_chatter.up.supervisor import Supervisor


class Fleet:
    """The processes of bots that the supervisor in ``folder`` keeps.

    Args:
        folder: where `up` keeps its state.

    Attributes:
        ports: where the network's other processes answer.

    Raises:
        UpError: nothing runs there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._supervisor = Supervisor(self._folder)
        self.ports = self._record().options.ports

    @property
    def amqp_url(self) -> str:
        """RabbitMQ, as bots connect to it."""
        return Plan(self._folder, self._record().options).node.amqp_url("chatter-bot")

    @property
    def size(self) -> int:
        """How many processes are kept running, whether or not they are connected just now."""
        return 1 + len(self._record().more)

    @property
    def bots(self) -> int:
        """How many bots there shall be, in all processes together."""
        return self._record().bots

    def scale(self, bots: int) -> None:
        """Note that there shall be so many bots; telling them is somebody else's."""
        self._keep(replace(self._record(), scaled=bots))

    def grow(self) -> str:
        """Start one more process, without bots, and return its name."""
        record = self._record()
        name = next(name for name in (f"bots-{number}" for number in count(2)) if name not in record.more)
        # One of them may be starting again, without its port.
        (port,) = free_ports(1, besides=[*vars(self.ports).values(), *record.more.values()])
        self._keep(replace(record, more={**record.more, name: port}))
        self._supervisor.enlist(name)
        return name

    def shrink(self) -> str | None:
        """Stop the process that came last, and return its name; ``None``: the first stays."""
        record = self._record()
        if not record.more:
            return None
        *others, name = record.more
        self._supervisor.dismiss(name)
        self._keep(replace(self._record(), more={other: record.more[other] for other in others}))
        return name

    def lives(self) -> bool:
        """Return whether the network is still there."""
        record = Record.read(self._folder)
        return record is not None and record.supervisor_process() is not None

    def _record(self) -> Record:
        record = Record.read(self._folder)
        if record is None or record.supervisor_process() is None:
            raise UpError(f"nothing runs in {self._folder}; start it with `rabbit-chatter up`")
        return record

    def _keep(self, record: Record) -> None:
        record.write(self._folder)
        self._supervisor.write(Plan(self._folder, record.options, record.more).services())
