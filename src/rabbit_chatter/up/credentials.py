"""Passwords that are made for one folder and known to nobody else.

The definitions in the repository hold hashes of passwords that everybody can read. A private broker gets
random ones instead: its definitions are a copy with fresh hashes.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SALT_BYTES = 4


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return RabbitMQ's salted hash: base64 of salt and sha256(salt + password).

    See https://www.rabbitmq.com/docs/passwords#computing-password-hash.

    Args:
        password: in clear.
        salt: four bytes; random by default.
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def passwords_for(users: list[str], file: Path) -> dict[str, str]:
    """Return a password per user, the same each time, kept in ``file`` which only its owner can read."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    passwords = {user: known.get(user) or secrets.token_urlsafe(18) for user in users}
    if passwords != known:
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(json.dumps(passwords, indent=2))
    return passwords


def with_passwords(definitions: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    """Return ``definitions`` in which each user has the password given for it."""
    users = [
        {
            **user,
            "password_hash": hash_password(passwords[user["name"]]),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
        }
        for user in definitions["users"]
    ]
    return {**definitions, "users": users}
