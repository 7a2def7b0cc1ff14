"""The incidents that are done to a container: the commands that the program prints, run as they are."""

import os
import re
import subprocess
import sys

import pytest
from stack.engine import ROOT
from stack.running import Running, eventually

pytestmark = pytest.mark.timeout(300)

_SECONDS = 12  # two scrapes and more


def _printed(network: Running, incident: str) -> str:
    """Return the command that `incident start` prints where `up` runs nothing."""
    done = subprocess.run(
        [
            sys.executable, "-m", "rabbit_chatter", "incident", "start", incident, "--for", f"{_SECONDS}s",
            "--server", network.stack.url("PAGE"),
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    found = re.search(r"^  (docker compose .+)$", done.stderr, re.MULTILINE)
    assert found, done.stderr
    return found[1]


EFFECTS = {
    "memory-alarm": "rabbitmq_alarms_memory_used_watermark == 1",
    "broker-restart": 'up{job="rabbitmq"} == 0',
    "queue-manager-down": 'up{component="queue-manager"} == 0',
}


@pytest.mark.parametrize("incident", EFFECTS)
def test_a_printed_command_does_it(network: Running, incident: str) -> None:
    """It has its effect within its time, ends by itself, and forty bots chat on."""

    def holds() -> bool:
        return bool(network.query(EFFECTS[incident]))

    with subprocess.Popen(
        ["/bin/sh", "-c", _printed(network, incident)],
        cwd=ROOT, env={**os.environ, **network.stack.environment()},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as command:  # fmt: skip
        eventually(holds, 40, EFFECTS[incident])
        said, _ = command.communicate(timeout=60)
    assert command.returncode == 0, said
    eventually(lambda: not holds(), 60, f"not {EFFECTS[incident]}")
    eventually(lambda: network.bots() == 40, 60, "40 bots")
    eventually(lambda: network.query("sum(rate(messaging_client_sent_messages_total[20s])) > 1"), 60, "talk")
