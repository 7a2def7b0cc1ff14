from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rabbit_chatter.errors import IncidentError
from rabbit_chatter.incidents.sealing import Seal

NAMES = [f"incident-{letter}" for letter in "abcdefghijklmnop"]
PAST = datetime.now(UTC) - timedelta(seconds=1)


def test_a_key_names_its_incident_afterwards(tmp_path: Path) -> None:
    """Whoever has the installation, the seed and the key learns the name when the time is over."""
    seal = Seal(tmp_path)
    for name in NAMES:
        assert seal.open(seal.close(name, "berta", PAST), "berta", NAMES) == name


def test_a_key_tells_nothing_before(tmp_path: Path) -> None:
    """While the incident runs, its name is not told even to its own installation."""
    key = Seal(tmp_path).close("incident-a", "berta", datetime.now(UTC) + timedelta(minutes=5))
    with pytest.raises(IncidentError, match="may still run"):
        Seal(tmp_path).open(key, "berta", NAMES)


def test_a_key_is_of_one_installation_seed_and_end(tmp_path: Path) -> None:
    """A key is worth nothing elsewhere, for another student, or with its end changed."""
    key = Seal(tmp_path / "here").close("incident-a", "berta", PAST)
    head, _, word = key.partition("-")
    for folder, seed, other in (
        ("there", "berta", key),
        ("here", "anna", key),
        ("here", "berta", f"{int(head, 16) - 60:x}-{word}"),
        ("here", "berta", f"{head}-{word[:-1]}"),
        ("here", "berta", "nonsense"),
        ("here", "berta", f"{'f' * 100}-{word}"),
        ("here", "berta", f"{head}-ü"),
    ):
        with pytest.raises(IncidentError, match="not from this installation"):
            Seal(tmp_path / folder).open(other, seed, NAMES)


def test_the_seed_chooses_and_does_not_tell(tmp_path: Path) -> None:
    """A seed always gives the same incident here, many are given, and another installation gives others."""
    seeds = [f"student {number}" for number in range(60)]
    here = [Seal(tmp_path / "here").choose(seed, NAMES) for seed in seeds]
    assert here == [Seal(tmp_path / "here").choose(seed, reversed(NAMES)) for seed in seeds]
    assert len(set(here)) > 8
    assert here != [Seal(tmp_path / "there").choose(seed, NAMES) for seed in seeds]


def test_the_secret_is_its_owners(tmp_path: Path) -> None:
    """Nobody else can read the secret, and a damaged one is told."""
    Seal(tmp_path).choose("anna", NAMES)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"short")
    with pytest.raises(IncidentError, match="damaged"):
        Seal(tmp_path).choose("anna", NAMES)
