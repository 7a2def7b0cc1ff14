import configparser
import stat
from pathlib import Path

import pytest

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.options import UpOptions
from rabbit_chatter.up.services import Plan, Service
from rabbit_chatter.up.supervisor import Supervisor


def test_configuration_starts_nothing_by_itself_and_is_private(tmp_path: Path) -> None:
    """Every process waits to be started in order, and passwords in the file are its owner's alone."""
    Supervisor(tmp_path).write([Service("a", 0, ["run", "two words"], lambda: True, None, {"K": "v,w"})])
    config = configparser.RawConfigParser()
    config.read(tmp_path / "supervisord.conf")
    program = config["program:a"]
    assert program["autostart"] == "false"
    assert program["command"] == "run 'two words'"
    assert program["environment"] == 'K="v,w"'
    assert stat.S_IMODE((tmp_path / "supervisord.conf").stat().st_mode) == 0o600


def test_folder_that_cannot_be_quoted_is_refused(tmp_path: Path) -> None:
    """A path with a space would let RabbitMQ misread the free disk space; the error says what to do."""
    with pytest.raises(UpError, match="--folder"):
        Supervisor(tmp_path / "my course").write([])


def test_each_component_gets_only_its_own_password(tmp_path: Path) -> None:
    """Bots know no management password, and the queue-manager no other one."""
    plan = Plan(tmp_path, UpOptions())
    passwords = plan.node.passwords
    services = {service.name: service for service in plan.services()}
    for name, user in (
        ("bots", "chatter-bot"),
        ("server", "chatter-server"),
        ("queue-manager", "chatter-manager"),
    ):
        known = " ".join(services[name].environment.values())
        assert [other for other in passwords if passwords[other] in known] == [user]
    assert not any(word in " ".join(s.command) for s in services.values() for word in passwords.values())
