"""Incidents that are done to a process: RabbitMQ out of memory or restarted, a queue-manager that is gone.

What is done to RabbitMQ is one expression that its own node evaluates, with the end of it as a timer in
there: it ends in time even if whoever started it is gone, and is the same where containers run.
"""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rabbit_chatter.errors import UpError
from rabbit_chatter.up.rabbitmq import RabbitNode, find_program
from rabbit_chatter.up.supervisor import Supervisor

QUEUE_MANAGER = "queue-manager"

_SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
_EVAL_SECONDS = 60
_LITTLE = 20_000_000  # bytes; RabbitMQ alone takes more

# Erlang's timer belongs to the node and not to RabbitMQ, which may stop meanwhile.
_FORGET_TIMER = "case application:get_env(kernel, chatter_timer) of {ok, T} -> timer:cancel(T); _ -> ok end"
_REMEMBER_TIMER = "application:set_env(kernel, chatter_timer, Timer)"
_CONFIGURED = "{ok, Configured} = application:get_env(rabbit, vm_memory_high_watermark)"

# A process that outlives the command must not write to the command's terminal, hence `group_leader`.
_RESTART = (
    "spawn(fun() -> group_leader(whereis(user), self()), rabbit:stop(), timer:sleep(%d), rabbit:start() end)"
)


def start_expression(operation: str, seconds: int) -> str:
    """Return what RabbitMQ's node shall evaluate to begin ``operation`` and end it after ``seconds``."""
    if operation == "broker-restart":
        return f"{_RESTART % (seconds * 1000)}, ok."
    restore = "vm_memory_monitor, set_vm_memory_high_watermark, [Configured]"
    return (
        f"{_FORGET_TIMER}, {_CONFIGURED}, {{ok, Timer}} = timer:apply_after({seconds * 1000}, {restore}), "
        f"{_REMEMBER_TIMER}, vm_memory_monitor:set_vm_memory_high_watermark({{absolute, {_LITTLE}}})."
    )


def stop_expression(operation: str) -> str:
    """Return what RabbitMQ's node shall evaluate to end ``operation`` before its time."""
    if operation == "broker-restart":
        return "rabbit:start()."
    return f"{_FORGET_TIMER}, {_CONFIGURED}, vm_memory_monitor:set_vm_memory_high_watermark(Configured)."


def compose_command(operation: str, seconds: int) -> str:
    """Return the command that does the same where `docker compose` runs."""
    if operation == "queue-manager-down":
        return f"docker compose stop {QUEUE_MANAGER}; sleep {seconds}; docker compose start {QUEUE_MANAGER}"
    expression = shlex.quote(start_expression(operation, seconds))
    return f"docker compose exec rabbitmq rabbitmqctl eval {expression}"


@dataclass(frozen=True)
class Operator:
    """Who may do something to the processes of one folder.

    Attributes:
        folder: of the network.
        node: its RabbitMQ.
    """

    folder: Path
    node: RabbitNode

    def start(self, operation: str, seconds: int) -> None:
        """Begin ``operation``; it ends by itself.

        Raises:
            UpError: RabbitMQ does not do it.
        """
        if operation == "queue-manager-down":
            self._hold(seconds)
        else:
            self._evaluate(start_expression(operation, seconds))

    def stop(self, operation: str) -> None:
        """End ``operation`` before its time.

        Raises:
            UpError: RabbitMQ does not do it.
        """
        if operation == "queue-manager-down":
            Supervisor(self.folder).ensure(QUEUE_MANAGER)
        else:
            self._evaluate(stop_expression(operation))

    def _hold(self, seconds: int) -> None:
        """Leave it to a process of its own, which nobody's Ctrl-C or closed terminal ends."""
        subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "rabbit_chatter.up.hold", str(self.folder), QUEUE_MANAGER, str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _evaluate(self, expression: str) -> None:
        program = find_program("rabbitmqctl", _SCRIPTS)
        try:
            done = subprocess.run(  # noqa: S603 - a program of the system, with an expression of ours
                [program, "eval", expression],
                env=self.node.environment(),
                capture_output=True,
                text=True,
                timeout=_EVAL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UpError(
                f"rabbitmqctl did not answer within {_EVAL_SECONDS} s; whether RabbitMQ did it, "
                "`rabbit-chatter logs rabbitmq` tells"
            ) from error
        if done.returncode:
            raise UpError(f"RabbitMQ does not do it: {(done.stderr or done.stdout).strip()[-300:]}")
