import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from rabbit_chatter import names
from rabbit_chatter.up.credentials import hash_password

ROOT = Path(__file__).parents[2]
DEFINITIONS: dict[str, Any] = json.loads((ROOT / "deployment/rabbitmq/definitions.json").read_text("utf-8"))

USERS = {user["name"]: user for user in DEFINITIONS["users"]}
PERMISSIONS = {entry["user"]: entry for entry in DEFINITIONS["permissions"]}

CONTROLLED = "control.host-17"
OWN = [names.inbox("anna"), names.dm_queue("anna", "berta"), CONTROLLED]
KEPT = [names.FIREHOSE, names.DEAD_LETTERS]
EXCHANGES = [names.EXCHANGE, names.DEAD_EXCHANGE, names.CONTROL]
OTHERS = [
    "amq.default",
    "amq.topic",
    "anybodys",
    "bot.",
    "bot.Anna",
    "chatter.other",
    "x.chatter",
    "anna-berta-carla",
]
EVERYTHING = [*OWN, *KEPT, *EXCHANGES, *OTHERS]


def allowed(user: str, action: str) -> set[str]:
    """Return what ``user`` may do ``action`` to; RabbitMQ looks for its patterns anywhere in a name."""
    return {name for name in EVERYTHING if re.search(PERMISSIONS[user][action], name)}


@pytest.mark.parametrize(
    ("user", "action", "things"),
    [
        ("chatter-bot", "configure", OWN),
        ("chatter-bot", "write", [*OWN, *EXCHANGES]),
        ("chatter-bot", "read", [*OWN, names.EXCHANGE, names.CONTROL]),
        ("chatter-server", "configure", [CONTROLLED]),
        ("chatter-server", "write", [*EXCHANGES, CONTROLLED]),
        ("chatter-server", "read", [*KEPT, names.CONTROL, CONTROLLED]),
        ("chatter-manager", "configure", []),
        ("chatter-manager", "write", []),
        ("chatter-manager", "read", []),
    ],
)
def test_nobody_may_more_than_the_work_needs(user: str, action: str, things: list[str]) -> None:
    """Bots have their queues and the exchanges, the server archive and orders, the manager nothing."""
    assert allowed(user, action) == set(things)


def test_users_are_three_and_none_is_guest() -> None:
    """There is a user per component, and none that comes with RabbitMQ; each has permissions in one place."""
    assert set(USERS) == {"chatter-bot", "chatter-server", "chatter-manager"} == set(PERMISSIONS)
    assert {entry["vhost"] for entry in DEFINITIONS["permissions"]} == {"chatter"}


def test_nobody_is_administrator() -> None:
    """The manager may look at everything; nobody else sees the management, and nobody may change it."""
    tags = {name: user["tags"] for name, user in USERS.items()}
    assert tags == {"chatter-bot": "", "chatter-server": "", "chatter-manager": "monitoring"}


@pytest.mark.parametrize("user", USERS)
def test_demo_passwords_are_the_documented_ones(user: str) -> None:
    """In the demo's definitions, a password is its user's name; only salted hashes of them are kept."""
    known = USERS[user]
    assert known["hashing_algorithm"] == "rabbit_password_hashing_sha256"
    salt = base64.b64decode(known["password_hash"])[:4]
    assert known["password_hash"] == hash_password(user, salt)
    assert "password" not in known


def test_salts_differ() -> None:
    """Each hash has a salt of its own."""
    assert len({base64.b64decode(user["password_hash"])[:4] for user in USERS.values()}) == len(USERS)


def test_everything_is_where_the_code_looks_for_it() -> None:
    """Exchanges and lasting queues have the names that the code uses, and outlive a restart."""
    assert {exchange["name"] for exchange in DEFINITIONS["exchanges"]} == set(EXCHANGES)
    assert {queue["name"] for queue in DEFINITIONS["queues"]} == set(KEPT)
    assert all(thing["durable"] for kind in ("exchanges", "queues") for thing in DEFINITIONS[kind])


def test_archive_hears_what_is_said() -> None:
    """Direct messages and tweets reach the archive, and everything dead reaches the dead letters."""
    bound = {(b["source"], b["routing_key"], b["destination"]) for b in DEFINITIONS["bindings"]}
    assert {("chatter", "dm.#", names.FIREHOSE), ("chatter", "tweet.#", names.FIREHOSE)} <= bound
    assert (names.DEAD_EXCHANGE, "", names.DEAD_LETTERS) in bound


@pytest.mark.parametrize("queue", [*OWN[:2], names.DEAD_LETTERS])
def test_queues_are_bounded(queue: str) -> None:
    """Each kind of queue has, by policy, a greatest length and a time after which messages are let go."""
    policies = [p["definition"] for p in DEFINITIONS["policies"] if re.search(p["pattern"], queue)]
    assert len(policies) == 1
    assert policies[0]["max-length"] > 0
    assert policies[0]["message-ttl"] > 0
    assert queue == names.DEAD_LETTERS or policies[0]["dead-letter-exchange"] == names.DEAD_EXCHANGE


def test_archive_is_bounded() -> None:
    """The stream has a greatest age and size, and segments small enough that old ones are let go in time."""
    (stream,) = [queue["arguments"] for queue in DEFINITIONS["queues"] if queue["name"] == names.FIREHOSE]
    assert stream["x-queue-type"] == "stream"
    assert stream["x-max-age"]
    assert stream["x-stream-max-segment-size-bytes"] * 4 <= stream["x-max-length-bytes"]
