"""How much memory and time an export takes that is much larger than what is kept of it."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rabbit_chatter.errors import ChatterError

_CHUNK = 2_000  # messages that are generated once, and written again and again
_WORDS = (
    "well the rabbit ate my garden again so I told Anna to call me at 0171 2345678 tomorrow please".split()
)


def measure(kinds: list[str], megabytes: int) -> Iterator[dict[str, object]]:
    """Yield, for an export of each kind, its size, the time to read it and what the whole process took.

    Args:
        kinds: of exports.
        megabytes: of 10^6 bytes, the size of each.

    Raises:
        ChatterError: no such export can be generated.
    """
    for kind in kinds:
        if kind not in _WRITERS:
            raise ChatterError(
                f"no export of kind {kind!r} can be generated; choose from {', '.join(_WRITERS)}"
            )
    with TemporaryDirectory(prefix="rabbit-chatter-bench-") as folder:
        for kind in kinds:
            file = Path(folder) / kind
            _generate(file, kind, megabytes * 1_000_000)
            yield {"format": kind, "megabytes": file.stat().st_size / 1e6, **_listened(file)}
            file.unlink()


def _listened(file: Path) -> dict[str, float]:
    """Let a process of its own read ``file`` and say one line of it."""
    begun = time.perf_counter()
    command = ["dialects", "show", "transcript", "--sample", "1", "-o", f"file={file}", "--json"]
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "rabbit_chatter", *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not said:
        raise ChatterError(f"the export was not read; see above (exit code {process.returncode})")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, KiB elsewhere
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * unit / 1e6,
    }


def _generate(file: Path, kind: str, size: int) -> None:
    head, message, between, tail = _WRITERS[kind]
    rng = random.Random(kind)  # noqa: S311 - a load, not a secret
    texts = [" ".join(rng.choices(_WORDS, k=rng.randint(3, 30))) for _ in range(_CHUNK)]
    chunk = between.join(message(("Anna Smith", "Bert")[n % 2], text) for n, text in enumerate(texts))
    encoded = chunk.encode()
    with file.open("wb") as out:
        out.write(head.encode())
        written = 0
        while written < size:
            out.write(between.encode() if written else b"")
            written += out.write(encoded)
        out.write(tail.encode())


def _sms(who: str, text: str) -> str:
    sent = 2 if who == "Bert" else 1
    return (
        f'  <sms protocol="0" address="+49 171 2345678" date="1700000000000" type="{sent}" subject="null" '
        f'body="{text} &#55357;&#56842;" toa="null" sc_toa="null" service_center="null" read="1" status="-1" '
        f'locked="0" readable_date="14.11.2023 22:13:20" contact_name="Anna Smith" />\n'
    )


def _whatsapp(who: str, text: str) -> str:
    return f"14.11.23, 22:13 - {who}: {text}\n"


def _telegram(who: str, text: str) -> str:
    message = {
        "id": 1, "type": "message", "date": "2023-11-14T22:13:20", "date_unixtime": "1700000000", "from": who,
        "from_id": "user1", "text": text, "text_entities": [{"type": "plain", "text": text}],
    }  # fmt: skip
    return json.dumps(message, indent=1)


def _signal(who: str, text: str) -> str:
    line = {"date": "2023-11-14T22:13:20", "sender": who, "body": text, "quote": "", "attachments": []}
    return json.dumps(line) + "\n"


def _discord(who: str, text: str) -> str:
    author = {"id": "1", "name": who, "discriminator": "0000", "nickname": who, "isBot": False}
    message = {"id": "1", "type": "Default", "timestamp": "2023-11-14T22:13:20+00:00", "content": text}
    return json.dumps({**message, "author": author, "attachments": [], "reactions": []}, indent=2)


def _csv(who: str, text: str) -> str:
    return f'2023-11-14 22:13,{who},"{text}"\n'


_WRITERS: dict[str, tuple[str, Callable[[str, str], str], str, str]] = {
    "sms": ("<?xml version='1.0' encoding='UTF-8'?>\n<smses count=\"1\">\n", _sms, "", "</smses>\n"),
    "whatsapp": ("", _whatsapp, "", ""),
    "telegram": (
        '{"name": "Anna", "type": "personal_chat", "id": 1, "messages": [\n',
        _telegram,
        ",\n",
        "]}",
    ),
    "signal": ("", _signal, "", ""),
    "discord": ('{"guild": {"id": "0"}, "channel": {"id": "1"}, "messages": [\n', _discord, ",\n", "]}"),
    "csv": ("date,speaker,text\n", _csv, "", ""),
}
