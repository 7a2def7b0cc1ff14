"""A crowd on ``/eavesdrop`` for ``bench page``: reads what comes and forgets it.

Run as a module by :mod:`rabbit_chatter.bench.page`: PORT and COUNT.
"""

import asyncio
import sys

_CHUNK = 64 * 1024


async def listen(port: int) -> None:
    """Listen until the process is ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /eavesdrop HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    while await reader.read(_CHUNK):
        pass


async def crowd(port: int, count: int) -> None:
    """Let ``count`` listen."""
    await asyncio.gather(*(listen(port) for _ in range(count)))


if __name__ == "__main__":
    asyncio.run(crowd(int(sys.argv[1]), int(sys.argv[2])))
