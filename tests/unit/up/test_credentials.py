import base64
import hashlib
import json
import stat
from pathlib import Path

from rabbit_chatter.up.credentials import hash_password, passwords_for, with_passwords
from rabbit_chatter.up.files import shipped


def test_hash_is_rabbitmqs_documented_one() -> None:
    """The example of RabbitMQ's documentation comes out: salt 908DC60A, password test12."""
    salt = bytes.fromhex("908DC60A")
    assert hash_password("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_hash_verifies() -> None:
    """Whoever knows the password can compute the hash's second part from the first."""
    raw = base64.b64decode(hash_password("secret"))
    assert raw[4:] == hashlib.sha256(raw[:4] + b"secret").digest()


def test_passwords_stay_and_are_private(tmp_path: Path) -> None:
    """A password is made once per user, kept, and readable by its owner alone."""
    file = tmp_path / "passwords.json"
    first = passwords_for(["a", "b"], file)
    assert first["a"] != first["b"]
    assert passwords_for(["a", "b"], file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_private_definitions_keep_no_published_hash() -> None:
    """The repository's password hashes are all replaced; everything else stays."""
    published = json.loads(shipped("rabbitmq/definitions.json").read_text())
    private = with_passwords(published, {user["name"]: "x" for user in published["users"]})
    hashes = {user["password_hash"] for user in published["users"]}
    assert not hashes & {user["password_hash"] for user in private["users"]}
    assert {**private, "users": None} == {**published, "users": None}
    assert [user["tags"] for user in private["users"]] == [user["tags"] for user in published["users"]]
