"""The autoscaler, wired up."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from rabbit_chatter.autoscale.hands import Hands, advise, compose, local
from rabbit_chatter.autoscale.loop import Autoscaler
from rabbit_chatter.autoscale.metrics import ScalingMetrics
from rabbit_chatter.autoscale.policy import Decision, Policy, Reading
from rabbit_chatter.autoscale.sight import Sight
from rabbit_chatter.broker import Link, Publisher, client_properties, instrument
from rabbit_chatter.process import Process, process
from rabbit_chatter.settings import BrokerSettings, GrafanaSettings, TelemetrySettings
from rabbit_chatter.telemetry import conventions as c
from rabbit_chatter.telemetry.annotations import Annotations
from rabbit_chatter.up.fleet import Fleet
from rabbit_chatter.up.options import Ports
from rabbit_chatter.up.services import traces_to

COMPONENT = "autoscaler"
TAG = "scaling"


@dataclass(frozen=True)
class Options:
    """What an autoscaler is asked for.

    Attributes:
        policy: the rule's numbers.
        every: seconds between two looks.
        port: for ``/metrics``, ``/healthz`` and ``/readyz``.
        folder: where `up` keeps the network whose processes come and go.
        elsewhere: a network that `up` does not keep, instead.
    """

    policy: Policy
    every: float
    port: int
    folder: Path
    elsewhere: "Elsewhere | None" = None


@dataclass(frozen=True)
class Elsewhere:
    """A network in containers.

    Attributes:
        prometheus: its Prometheus.
        queue_manager: its queue-manager.
        compose: whether Compose is run, instead of saying what to do.
    """

    prometheus: str
    queue_manager: str
    compose: bool


async def run(options: Options) -> None:
    """Let processes of bots come and go until SIGTERM, or until there is no network left.

    Raises:
        AddressError: the port is in use.
        DirectoryUnavailableError: Prometheus or the queue-manager does not answer the first time.
        UpError: nothing runs in the folder.
    """
    fleet = None if options.elsewhere else Fleet(options.folder)
    telemetry = TelemetrySettings() if fleet is None else telemetry_of(fleet.ports)
    async with (
        process(COMPONENT, "chatter-autoscaler", telemetry) as running,
        AsyncExitStack() as stack,
        httpx.AsyncClient(timeout=10, trust_env=False) as client,
    ):
        metrics = ScalingMetrics(running.metrics.registry)
        address = await stack.enter_async_context(running.serving(FastAPI(title=COMPONENT), options.port))
        if fleet is not None:
            ports = fleet.ports
            sight = Sight(client, ports.url("prometheus"), ports.url("queue_manager"), lambda: fleet.size)
            publisher = await _connected(running, fleet.amqp_url, address, stack)
            hands = local(sight, fleet, publisher)
        else:
            assert options.elsewhere is not None
            sight = Sight(client, options.elsewhere.prometheus, options.elsewhere.queue_manager)
            hands = compose(sight) if options.elsewhere.compose else Hands(advise)
        scaler = Autoscaler(sight, options.policy, _told(hands, running.tracing.own), metrics)
        running.checks["sight"] = lambda: scaler.sees
        await scaler.run(running.stopping, options.every)


def telemetry_of(ports: Ports) -> TelemetrySettings:
    """Return the settings of a process beside the local network: its traces go where the others' go."""
    settings = TelemetrySettings()
    base = traces_to(ports).get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return settings.model_copy(update={"otlp_base": base}) if base else settings


async def _connected(running: Process, amqp_url: str, address: str, stack: AsyncExitStack) -> Publisher:
    """Connect to the broker: there Prometheus' service discovery finds us, and orders go to the bots."""
    settings = BrokerSettings(amqp_url=amqp_url, publish_patience=10)
    properties = client_properties(COMPONENT, running.settings.instance, address)
    link = Link(settings, "publish", properties, running.metrics)
    instrument(running.tracing, running.metrics, link.host, link.port)
    running.checks["broker"] = lambda: link.is_open
    await stack.enter_async_context(link)
    return Publisher(link, settings, running.metrics, running.telemetry.topology)


def _told(hands: Hands, tracer: Tracer) -> Hands:
    """Return ``hands`` with a span around what they do, and an annotation in Grafana, if there is one."""
    grafana = Annotations(GrafanaSettings())

    async def act(decision: Decision, seen: Reading) -> None:
        attributes: dict[str, AttributeValue] = {
            c.SCALING_WANTED: decision.wanted,
            c.SCALING_ACTUAL: seen.actual,
            c.SCALING_REASON: decision.reason,
        }
        with tracer.start_as_current_span("scale", attributes=attributes):
            text = f"{seen.actual} → {decision.wanted} processes of bots, by {decision.reason}"
            number = await grafana.begin(text, [TAG])
            try:
                await hands.act(decision, seen)
            finally:
                if number is not None:
                    await grafana.end(number)

    return Hands(act, hands.keep, hands.lives)
