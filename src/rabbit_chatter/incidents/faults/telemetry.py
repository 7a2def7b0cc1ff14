"""Faults in what we see: clocks, traces, metrics. The work goes on as well as ever."""

import asyncio
import copy
from collections import deque
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from prometheus_client import Metric
from prometheus_client.samples import Sample

from rabbit_chatter.broker import Subscription
from rabbit_chatter.clock import NANOSECONDS, monotonic, wrong_by
from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.faults.handling import Nothing
from rabbit_chatter.incidents.seams import Call, Families, Seams
from rabbit_chatter.messages import Message
from rabbit_chatter.telemetry.metrics import HUMAN_BUCKETS, TEMPLATE

_ALL_IDS = 1 << 64

Scope = MutableMapping[str, Any]


class Skew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds by which the clock is ahead at full intensity; below 0 it is behind."""

    seconds: Annotated[float, msgspec.Meta(ge=-3600, le=3600)]


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many messages per second get series of their own at full intensity, and how many at most."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=50)]
    most: Annotated[int, msgspec.Meta(ge=1, le=5000)]


class WrongUnit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the wrong unit make one second."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=1e9)]


class Coarse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The histogram, and the only finite bucket that is left of it, in seconds."""

    metric: str
    bucket: Annotated[float, msgspec.Meta(gt=0)]


class Resets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The counter (without ``_total``), and the seconds between its resets."""

    metric: str
    every: Annotated[float, msgspec.Meta(ge=5, le=600)]


class Hanging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that an answer takes."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=60)]


@asynccontextmanager
async def clock_skew(seams: Seams, dose: Dose, parameters: Skew) -> AsyncIterator[None]:  # noqa: ARG001 - a clock has no seam
    """This process's wall clock is wrong."""
    ahead = int(parameters.seconds * dose.intensity * NANOSECONDS)
    with wrong_by(ahead):
        yield


@asynccontextmanager
async def lost_context(seams: Seams, dose: Dose, _: Nothing) -> AsyncIterator[None]:
    """A share of the messages carries no trace context."""
    with seams.forgetting.put(dose.hits):
        yield


@asynccontextmanager
async def no_sampling(seams: Seams, dose: Dose, _: Nothing) -> AsyncIterator[None]:
    """A share of the traces is not recorded; by its id, so that a trace is whole or not there."""
    dropped = dose.intensity * _ALL_IDS
    with seams.sampling.put(lambda trace_id: trace_id % _ALL_IDS < dropped):
        yield


@asynccontextmanager
async def wrong_unit(seams: Seams, dose: Dose, parameters: WrongUnit) -> AsyncIterator[None]:
    """A share of the waiting times is observed in another unit than the metric's name says."""
    with seams.measuring.put(lambda seconds: seconds * parameters.per_second if dose.hits() else seconds):
        yield


@asynccontextmanager
async def coarse_buckets(seams: Seams, dose: Dose, parameters: Coarse) -> AsyncIterator[None]:
    """A share of a histogram's label sets is exposed with one finite bucket."""

    def is_kept(sample: Sample) -> bool:
        return sample.labels.get("le") in (None, "+Inf") or float(sample.labels["le"]) == parameters.bucket

    def coarsened(families: Families) -> Iterator[Metric]:
        for family in families:
            if family.name != parameters.metric:
                yield family
                continue
            sets = dose.victims({_key(sample) for sample in family.samples})
            yield _with(family, [s for s in family.samples if is_kept(s) or _key(s) not in sets])

    with seams.exposing.put(coarsened):
        yield


@asynccontextmanager
async def counter_reset(seams: Seams, dose: Dose, parameters: Resets) -> AsyncIterator[None]:
    """A share of a counter's series begins at zero again and again, without a restart."""
    began, rounds = monotonic(), -1
    before: dict[str, float] = {}

    def reset(families: Families) -> Iterator[Metric]:
        nonlocal rounds
        for family in families:
            if family.name != parameters.metric:
                yield family
                continue
            now = int((monotonic() - began) / parameters.every)
            if now != rounds:
                rounds = now
                before.update({_key(s): s.value for s in family.samples})
            sets = set(dose.victims(_key(s) for s in family.samples))
            yield _with(
                family,
                [
                    s._replace(value=s.value - before.get(_key(s), 0)) if _key(s) in sets else s
                    for s in family.samples
                ],
            )

    with seams.exposing.put(reset):
        yield


@asynccontextmanager
async def label_per_message(seams: Seams, dose: Dose, parameters: Labels) -> AsyncIterator[None]:
    """Some messages get a histogram of their own, by a label with the message's id."""
    seen: deque[tuple[str, str, str, float]] = deque(maxlen=parameters.most)
    pause = 1 / max(parameters.per_second * dose.intensity, 1e-9)
    due = monotonic()

    async def measured(call: Call, subscription: Subscription, message: Message) -> None:
        nonlocal due
        started = monotonic()
        await call(subscription, message)
        if started >= due:
            due = started + pause
            seen.append((message.id, message.kind, subscription.dialect, monotonic() - started))

    def labelled(families: Families) -> Iterator[Metric]:
        for family in families:
            if family.name == "messaging_process_duration_seconds":
                own = [sample for one in list(seen) for sample in _histogram(family.name, *one)]
                yield _with(family, [*family.samples, *own])
            else:
                yield family

    with seams.handling.put(measured), seams.exposing.put(labelled):
        yield


def _histogram(name: str, message_id: str, kind: str, dialect: str, seconds: float) -> Iterator[Sample]:
    labels = {TEMPLATE: str(kind), "dialect": dialect, "message_id": message_id}
    for bound in HUMAN_BUCKETS:
        yield Sample(f"{name}_bucket", {**labels, "le": str(bound)}, float(seconds <= bound))
    yield Sample(f"{name}_bucket", {**labels, "le": "+Inf"}, 1.0)
    yield Sample(f"{name}_count", labels, 1.0)
    yield Sample(f"{name}_sum", labels, seconds)


@asynccontextmanager
async def hanging_scrape(seams: Seams, dose: Dose, parameters: Hanging) -> AsyncIterator[None]:
    """A share of the scrapes is answered long after Prometheus has given up."""

    async def hang(call: Call, scope: Scope, *channel: object) -> None:
        if scope["type"] == "http" and scope["path"] == "/metrics" and dose.hits():
            await asyncio.sleep(parameters.seconds)
        await call(scope, *channel)

    with seams.serving.put(hang):
        yield


def _key(sample: Sample) -> str:
    """Return what tells one label set of a family from another, its buckets left together."""
    return repr(sorted((name, value) for name, value in sample.labels.items() if name != "le"))


def _with(family: Metric, samples: list[Sample]) -> Metric:
    changed = copy.copy(family)
    changed.samples = samples
    return changed
