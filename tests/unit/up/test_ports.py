import os
import socket

import psutil
import pytest

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.options import Ports, option_of
from rabbit_chatter.up.ports import accepts, check_free, free_ports, is_free, owner_of


def test_free_ports_are_free_and_low() -> None:
    """Free ports differ, can be listened on, and lie below those of outgoing connections."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert max(ports) < 32768
    assert not any(accepts(port) for port in ports)


def test_ports_that_somebody_will_take_are_not_free() -> None:
    """A port that another process is to have is nobody's, even while that has not started."""
    left = free_ports(3)
    taken = set(range(65536)).difference(left)
    assert sorted(free_ports(3, besides=taken)) == sorted(left)
    assert free_ports(1, besides=range(65536)) == []


def test_taken_port_is_named_with_owner_and_option() -> None:
    """A port in use is told with the program that has it, its pid, and the option to choose another."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not is_free(port)
        owner = f"{psutil.Process().name()} (pid {os.getpid()})"
        assert owner_of(port) == owner
        with pytest.raises(UpError) as raised:
            check_free([("prometheus", port, "--prometheus-port")])
    for part in ("nothing was started", str(port), owner, "--prometheus-port"):
        assert part in str(raised.value)


def test_every_port_has_its_option() -> None:
    """The page's option is short; the others are named after what listens there."""
    assert option_of("page") == "--port"
    assert option_of("rabbitmq_metrics") == "--rabbitmq-metrics-port"
    assert all(option_of(name).startswith("--") for name in vars(Ports()))
