# ruff: noqa: INP001 - a script, no package
"""Write passwords that nobody else knows for an overlay: ``python new_passwords.py eks``.

Two files appear in the overlay's folder, readable by their owner alone and ignored by git: ``passwords.env``,
and ``definitions.json``, RabbitMQ's definitions with the hashes of these passwords. Where they are there, the
passwords are kept: RabbitMQ reads definitions again when it starts.
"""

import json
import secrets
import sys
from pathlib import Path

from rabbit_chatter.up.credentials import with_passwords
from rabbit_chatter.up.files import shipped

HERE = Path(__file__).parent
KEYS = ("bot", "server", "manager", "grafana", "token")


def main(folder: Path) -> None:
    """Write both files into ``folder``."""
    passwords = {**{key: secrets.token_urlsafe(24) for key in KEYS}, **known(folder / "passwords.env")}
    users = {f"chatter-{key}": password for key, password in passwords.items()}
    definitions = json.loads(shipped("rabbitmq/definitions.json").read_text("utf-8"))
    write(folder / "passwords.env", "".join(f"{key}={password}\n" for key, password in passwords.items()))
    write(folder / "definitions.json", json.dumps(with_passwords(definitions, users), indent=2) + "\n")


def known(file: Path) -> dict[str, str]:
    """Return the passwords in ``file``, if it is there."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines)


def write(file: Path, text: str) -> None:
    """Write ``text`` into a file that its owner alone can read."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    overlay = HERE / sys.argv[1] if len(sys.argv) == 2 else None
    if overlay is None or not (overlay / "kustomization.yaml").is_file():
        sys.exit("say which overlay: python new_passwords.py eks")
    main(overlay)
