"""What `rabbit-chatter up` was asked for."""

from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where each process listens, on loopback; each has an option of its own name.

    ``epmd`` and ``dist`` belong to Erlang alone; nobody else connects there, so free ones are taken.
    """

    page: int = 8080
    queue_manager: int = 8081
    bots: int = 8090
    prometheus: int = 9090
    alertmanager: int = 9093
    jaeger: int = 16686
    otlp: int = 4318
    amqp: int = 5672
    management: int = 15672
    rabbitmq_metrics: int = 15692
    epmd: int = 0
    dist: int = 0

    def url(self, name: str) -> str:
        """Return the HTTP address of the port called ``name``."""
        return f"http://{LOOPBACK}:{getattr(self, name)}"


@dataclass(frozen=True)
class UpOptions:
    """How many bots talk, how fast and how, and where everything listens.

    Attributes:
        dialect: weights by dialect, such as ``eliza=2,echo=1``.
        history: whether Prometheus begins with a recorded hour.
        dialect_options: such as ``markov.corpus=/path/talk.txt``; paths are absolute.
        population: path of a population file.
    """

    bots: int = 40
    tempo: float = 1.0
    dialect: str = "gibberish"
    history: bool = False
    ports: Ports = field(default_factory=Ports)
    dialect_options: tuple[str, ...] = ()
    population: str | None = None


def option_of(port: str) -> str:
    """Return the option that changes the port called ``port``: the page's is ``--port``."""
    return "--port" if port == "page" else f"--{port.replace('_', '-')}-port"
