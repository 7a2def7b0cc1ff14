import base64
import json
from pathlib import Path

import pytest

from deployment.manifests import OVERLAYS, ROOT, contents, make_passwords, rendered, tree
from rabbit_chatter.up.credentials import hash_password


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_passwords_fit_their_hashes(overlay: str) -> None:
    """RabbitMQ knows each password that pods are given; a cloud's are nobody else's."""
    made = rendered(overlay)
    passwords = contents(made.one("Secret", "credentials"))
    text = contents(made.one("Secret", "rabbitmq-definitions"))["definitions.json"]
    for user in json.loads(text)["users"]:
        password = passwords[user["name"].removeprefix("chatter-")]
        salt = base64.b64decode(user["password_hash"])[:4]
        assert user["password_hash"] == hash_password(password, salt)
        assert (password == user["name"]) == (overlay in {"kind", "operators"})


def test_own_passwords_stay_and_stay_private() -> None:
    """A second run keeps the passwords of the first; only their owner can read them, and git ignores them."""
    folder: Path = tree() / "deployment/kubernetes/eks"
    before = (folder / "passwords.env").read_text("utf-8")
    make_passwords(tree(), "eks")
    assert (folder / "passwords.env").read_text("utf-8") == before
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    for name in ("passwords.env", "definitions.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0
        assert f"deployment/kubernetes/eks/{name}" in ignored
