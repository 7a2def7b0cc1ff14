"""Ports: which are free, and who has those that are not."""

import random
import socket
from collections.abc import Iterable
from contextlib import closing

import psutil

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.options import LOOPBACK

# Above begin the ports that the kernel lends to outgoing connections (Linux: 32768).
FREE = range(20000, 32768)


def free_ports(count: int, besides: Iterable[int] = ()) -> list[int]:
    """Return ports that nobody has now, below those that outgoing connections take.

    Args:
        count: how many, all different.
        besides: ports that somebody will take, though nobody has them yet.
    """
    found: list[int] = []
    free = sorted(set(FREE).difference(besides))
    for port in random.sample(free, len(free)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    """Return whether a server could listen on ``port`` on loopback."""
    with closing(socket.socket()) as probe:
        # As servers do: a port whose last connections are just ending is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int, timeout: float = 1.0) -> bool:
    """Return whether somebody takes a connection on ``port`` within ``timeout`` seconds."""
    with closing(socket.socket()) as probe:
        probe.settimeout(timeout)
        return probe.connect_ex((LOOPBACK, port)) == 0


def check_free(wanted: Iterable[tuple[str, int, str]]) -> None:
    """Do nothing if all ports are free.

    Args:
        wanted: for each port what it is for, its number, and the option that changes it.

    Raises:
        UpError: names every port that is taken, its owner, and the option.
    """
    taken = [
        f"port {port} for {what} is taken by {owner_of(port)}: choose another with {option}"
        for what, port, option in wanted
        if not is_free(port)
    ]
    if taken:
        raise UpError("\n  ".join(["nothing was started", *taken]))


def owner_of(port: int) -> str:
    """Return who listens on ``port``, such as ``nginx (pid 123)``, as far as this user may know."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "another program (run as root to learn which)"
    pids = [
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    ]
    if not pids or pids[0] is None:
        return "another user's program (run as root to learn which)"
    try:
        return f"{psutil.Process(pids[0]).name()} (pid {pids[0]})"
    except psutil.NoSuchProcess:
        return f"a program that has just ended (pid {pids[0]})"
