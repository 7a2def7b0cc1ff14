from pathlib import Path

import pytest

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.rabbitmq import RabbitNode, RabbitPorts, find_program


def node(folder: Path) -> RabbitNode:
    """Return a node that is never started."""
    return RabbitNode(folder, RabbitPorts(amqp=1, management=2, prometheus=3, epmd=4, dist=5))


def test_configuration_is_local_and_complete(tmp_path: Path) -> None:
    """A private broker listens on loopback alone and loads its own definitions."""
    node(tmp_path).write()
    lines = (tmp_path / "rabbitmq.conf").read_text().splitlines()
    for line in (
        "listeners.tcp.default = 127.0.0.1:1",
        "management.tcp.ip = 127.0.0.1",
        "management.tcp.port = 2",
        "prometheus.tcp.ip = 127.0.0.1",
        "prometheus.tcp.port = 3",
        f"load_definitions = {tmp_path}/definitions.json",
        "collect_statistics_interval = 1000",
    ):
        assert line in lines


def test_nothing_of_the_system_is_shared(tmp_path: Path) -> None:
    """Data, cookie, configuration and port mapper are the node's own."""
    environment = node(tmp_path).environment()
    for key in ("HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_CONFIG_FILE", "RABBITMQ_ENABLED_PLUGINS_FILE"):
        assert environment[key].startswith(str(tmp_path))
    assert environment["ERL_EPMD_PORT"] == "4"
    assert environment["RABBITMQ_CONF_ENV_FILE"] == "/dev/null"


def test_address_names_user_and_virtual_host(tmp_path: Path) -> None:
    """The AMQP address carries the user's own password."""
    private = node(tmp_path)
    assert private.amqp_url("chatter-bot") == (
        f"amqp://chatter-bot:{private.passwords['chatter-bot']}@127.0.0.1:1/chatter"
    )


def test_missing_program_is_told_with_the_command_that_installs_it() -> None:
    """Whoever lacks RabbitMQ reads what to type next."""
    with pytest.raises(UpError, match=r"no-such-program is not installed: (apt-get|brew) install rabbitmq"):
        find_program("no-such-program")
