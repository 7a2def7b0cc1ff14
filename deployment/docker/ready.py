# ruff: noqa: INP001 - a program of one file
"""The container's health check: ends with 0 if the component that runs here says that it can do its work."""

import http.client
import sys
from contextlib import suppress

PORTS = (8080, 8081, 8090)  # chat server, queue-manager, bots: a container runs one of them


def is_ready(port: int) -> bool:
    """Return whether ``/readyz`` on ``port`` answers yes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    return False


if __name__ == "__main__":
    sys.exit(not any(is_ready(port) for port in PORTS))
