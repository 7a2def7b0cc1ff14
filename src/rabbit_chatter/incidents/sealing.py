"""Secret incidents: chosen by a student's seed, named afterwards by a key that tells nothing by itself.

The key is a commitment: a message authentication code (HMAC-SHA256, RFC 2104) over the incident's name, its
seed and its end, made with a random secret of this installation. Without that secret nobody can find the name
in it, or make a key that names another incident; with it, the name is found by trying all there are. The
secret is a file that only its owner can read. So a student whose own machine runs the network could look it
up, as well as read the program or watch the control fanout: against that a seal does not help, and is not
meant to.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rabbit_chatter.errors import IncidentError

_BYTES = 32
_SHOWN = 20  # 160 bits of the code: nobody guesses them, and they can be copied by hand
_FILE = "incident-secret"


class Seal:
    """This installation's secret.

    Args:
        folder: where it is kept; made at first use.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def choose(self, seed: str, names: Iterable[str]) -> str:
        """Return the incident for ``seed``: always the same here, and nobody can tell it from the seed."""
        ranked = sorted(names)
        return ranked[int.from_bytes(self._code("choose", seed)) % len(ranked)]

    def close(self, name: str, seed: str, ends: datetime) -> str:
        """Return the key that names ``name`` when ``ends`` has passed."""
        moment = int(ends.timestamp())
        return f"{moment:x}-{self._word(name, seed, moment)}"

    def open(self, key: str, seed: str, names: Iterable[str]) -> str:
        """Return the name that ``key`` stands for.

        Raises:
            IncidentError: the key is not from here, belongs to another seed, or the incident still runs.
        """
        head, dash, word = key.strip().partition("-")
        try:
            moment = int(head, 16)
            ends = datetime.fromtimestamp(moment, UTC)
        except (ValueError, OverflowError, OSError):
            dash = ""
        found = [
            name
            for name in (names if dash else ())
            if hmac.compare_digest(self._word(name, seed, moment).encode(), word.encode())
        ]
        if not found:
            raise IncidentError(
                "this key is not from this installation, or belongs to another seed; use the folder and the "
                "seed with which the incident was started"
            )
        if (left := (ends - datetime.now(UTC)).total_seconds()) > 0:
            raise IncidentError(f"the incident may still run, for {left:.0f} s; its name is told then")
        return found[0]

    def _word(self, name: str, seed: str, moment: int) -> str:
        code = self._code("seal", name, seed, str(moment))[:_SHOWN]
        return base64.b32encode(code).decode().lower()

    def _code(self, *parts: str) -> bytes:
        """Return the authentication code of ``parts``; their lengths keep them apart."""
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._secret(), text.encode(), hashlib.sha256).digest()

    def _secret(self) -> bytes:
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            self._file.write_bytes(secrets.token_bytes(_BYTES))
        secret = self._file.read_bytes()
        if len(secret) != _BYTES:
            raise IncidentError(f"{self._file} is damaged: remove it, and start secret incidents anew")
        return secret
