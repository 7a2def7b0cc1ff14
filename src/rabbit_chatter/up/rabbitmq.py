"""A private RabbitMQ: its folder, configuration, environment and command. Nothing is started here.

It shares nothing with a RabbitMQ of the system: own data, own Erlang cookie, own node name and an own
``epmd`` (Erlang's port mapper). Left alone, Erlang would start a daemon ``epmd`` that outlives everything;
so ours runs first and in the foreground, where somebody can stop it.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.credentials import passwords_for, with_passwords
from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.options import LOOPBACK
from rabbit_chatter.up.ports import accepts

VHOST = "chatter"
MANAGER = "chatter-manager"

# Debian's /usr/sbin/rabbitmq-server changes to the system's user and reads its configuration; the script
# behind it does neither. Homebrew has only the one on the PATH, or beside it.
_SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
_LINE = re.compile(r"^([a-z][\w.]*)\s*=\s*(.*?)\s*$", re.MULTILINE)

# Waiting schedulers would spin, and a laptop's fan with them.
_ERLANG_FLAGS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


@dataclass(frozen=True)
class RabbitPorts:
    """Where a node listens, always on loopback. 35672 to 35682 belong to rabbitmqctl itself."""

    amqp: int
    management: int
    prometheus: int
    epmd: int
    dist: int


@dataclass(frozen=True)
class RabbitNode:
    """A node that lives in one folder.

    Args:
        folder: made if it does not exist; holds data, configuration and passwords.
        ports: where it listens.
    """

    folder: Path
    ports: RabbitPorts

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The password of each user in the definitions, made at first use."""
        self.folder.mkdir(parents=True, exist_ok=True)
        users = [
            user["name"] for user in json.loads(shipped("rabbitmq/definitions.json").read_text())["users"]
        ]
        return passwords_for(users, self.folder / "passwords.json")

    @property
    def management_url(self) -> str:
        """Address of the management API."""
        return f"http://{LOOPBACK}:{self.ports.management}"

    @property
    def prometheus_url(self) -> str:
        """Address below which ``/metrics`` and ``/metrics/detailed`` are."""
        return f"http://{LOOPBACK}:{self.ports.prometheus}"

    def amqp_url(self, user: str) -> str:
        """Return the AMQP address for ``user``, with its password."""
        return f"amqp://{user}:{self.passwords[user]}@{LOOPBACK}:{self.ports.amqp}/{VHOST}"

    def write(self) -> None:
        """Write the configuration; data of an earlier run is kept."""
        definitions = json.loads(shipped("rabbitmq/definitions.json").read_text())
        secret = self.folder / "definitions.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(json.dumps(with_passwords(definitions, self.passwords), indent=2))
        (self.folder / "rabbitmq.conf").write_text(self._configuration())
        shutil.copyfile(shipped("rabbitmq/enabled_plugins"), self.folder / "enabled_plugins")

    def _configuration(self) -> str:
        values = dict(_LINE.findall(shipped("rabbitmq/rabbitmq.conf").read_text()))
        values["listeners.tcp.default"] = f"{LOOPBACK}:{self.ports.amqp}"
        for plugin, port in (("management", self.ports.management), ("prometheus", self.ports.prometheus)):
            values[f"{plugin}.tcp.ip"] = LOOPBACK
            values[f"{plugin}.tcp.port"] = str(port)
        values["load_definitions"] = str(self.folder / "definitions.json")
        return "".join(f"{key} = {value}\n" for key, value in values.items())

    def environment(self) -> dict[str, str]:
        """Return all of the node's environment; nothing of the user's own RabbitMQ leaks in."""
        folder, ports = self.folder, self.ports
        return {
            "PATH": os.pathsep.join(_search_path()),
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # where the Erlang cookie goes
            "ERL_EPMD_PORT": str(ports.epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": "chatter@localhost",
            "RABBITMQ_DIST_PORT": str(ports.dist),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            # Makes the script become the Erlang machine instead of a shell that waits for it.
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_FLAGS,
        }

    def command(self) -> list[str]:
        """Return the broker's command; SIGTERM stops it cleanly.

        Raises:
            UpError: RabbitMQ is not installed.
        """
        return [find_program("rabbitmq-server", _SCRIPTS)]

    def epmd_command(self) -> list[str]:
        """Return the port mapper's command, to be started before the broker.

        Raises:
            UpError: Erlang is not installed.
        """
        return [
            find_program("epmd", ("/usr/lib/erlang/bin",)),
            "-port",
            str(self.ports.epmd),
            "-address",
            LOOPBACK,
        ]


def find_program(name: str, places: tuple[str, ...] = ()) -> str:
    """Return the path of a program, looked for in ``places`` and then on the PATH.

    Raises:
        UpError: it is not installed.
    """
    path = shutil.which(name, path=os.pathsep.join((*places, *_search_path())))
    if path is None:
        raise UpError(f"{name} is not installed: {how_to_install('rabbitmq-server', 'rabbitmq')}")
    return path


def how_to_install(apt: str, brew: str | None) -> str:
    """Return the command that installs a package on this kind of machine.

    Args:
        apt: its name on Debian and Ubuntu.
        brew: its name on a Mac; ``None`` if Homebrew has none.
    """
    if sys.platform == "darwin":
        return f"brew install {brew}" if brew else f"get {apt} from https://prometheus.io/download/"
    return f"apt-get install {apt}, or run `make demo`, which does it without leaving a service running"


def _search_path() -> Iterator[str]:
    yield from os.get_exec_path()
    yield from ("/usr/local/bin", "/usr/bin", "/bin")


def is_healthy(node: RabbitNode) -> bool:
    """Return whether AMQP and metrics take connections and the management API says that all is up."""
    if not (accepts(node.ports.amqp) and accepts(node.ports.prometheus)):
        return False
    url = f"{node.management_url}/api/health/checks/virtual-hosts"
    with suppress(httpx.HTTPError):
        return httpx.get(url, auth=(MANAGER, node.passwords[MANAGER]), timeout=5, trust_env=False).is_success
    return False
