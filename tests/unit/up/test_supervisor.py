import configparser
import shlex
import stat
from pathlib import Path

import pytest
from supervisor.options import UnhosedConfigParser

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


def test_dialects_and_population_are_handed_to_the_bots(tmp_path: Path) -> None:
    """What `up` was asked for about dialects, the bots are asked for."""
    options = UpOptions(dialect="markov=1", dialect_options=("markov.corpus=/a b.txt",), population="/p.toml")
    (bots,) = [service for service in Plan(tmp_path, options).services() if service.name == "bots"]
    line = " ".join(bots.command)
    assert "--dialect markov=1" in line
    assert "--dialect-option markov.corpus=/a b.txt --population /p.toml" in line


def test_signs_of_the_configuration_are_handed_on(tmp_path: Path) -> None:
    """A percent sign, as in a system prompt, arrives as it is; what cannot is refused with what to do."""
    options = UpOptions(dialect_options=("llm.prompt=100 % {name}; it's",))
    Supervisor(tmp_path).write(Plan(tmp_path, options).services())
    config = UnhosedConfigParser()
    config.expansions = {}
    config.read(str(tmp_path / "supervisord.conf"))
    command = shlex.split(config.saneget("program:bots", "command", expansions={}))
    assert "llm.prompt=100 % {name}; it's" in command
    for wrong in ("llm.prompt=two\nlines", "llm.prompt=a ; b"):
        with pytest.raises(UpError, match="cannot be handed on"):
            Supervisor(tmp_path).write(Plan(tmp_path, UpOptions(dialect_options=(wrong,))).services())
