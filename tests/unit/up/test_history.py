import subprocess
import time
from pathlib import Path

from rabbit_chatter.up.history import load_history
from rabbit_chatter.up.monitoring import find_promtool
from rabbit_chatter.up.options import Ports


def test_prometheus_begins_with_an_hour(tmp_path: Path) -> None:
    """The blocks that are made end just before now, reach back an hour, and have this network's addresses."""
    (tmp_path / "prometheus").mkdir()
    assert "an hour that was recorded" in load_history(tmp_path, Ports(bots=12345))
    data = tmp_path / "prometheus" / "data"
    dumped = subprocess.run(
        [str(find_promtool()), "tsdb", "dump", "--match=chatter_bots", _with_wal(data)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    assert all('instance="127.0.0.1:12345"' in line for line in dumped)
    times = [int(line.split()[-1]) / 1000 for line in dumped]
    assert 3600 <= max(times) - min(times) + 5 < 3600 + 1000
    assert 0 < time.time() - max(times) < 120


def test_what_prometheus_has_is_left_alone(tmp_path: Path) -> None:
    """A network that ran before has a history of its own, which is not mixed with another."""
    data = tmp_path / "prometheus" / "data"
    data.mkdir(parents=True)
    (data / "mine").write_text("mine")
    assert "data of its own" in load_history(tmp_path, Ports())
    assert [path.name for path in data.iterdir()] == ["mine"]


def _with_wal(data: Path) -> Path:
    # promtool 2.42 dumps nothing where there is no log of what is not in blocks yet.
    (data / "wal").mkdir()
    return data
