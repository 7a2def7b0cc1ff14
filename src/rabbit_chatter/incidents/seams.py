"""Where a component may be wrapped: the places at which its composition root leaves a seam.

Nothing below knows of incidents. A component is put together from the same parts, with one of these around
each; while nothing is put into a seam, a call passes straight through.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

import wrapt
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import CarrierT, Setter, TextMapPropagator, default_setter
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.registry import Collector

from rabbit_chatter.broker import Consumer, Handler, Node, Publisher, Subscription
from rabbit_chatter.dialects import Dialect, Line
from rabbit_chatter.messages import Message
from rabbit_chatter.names import bot_of_inbox
from rabbit_chatter.telemetry.metrics import Metrics

T = TypeVar("T")

Call = Callable[..., Awaitable[Any]]
Layer = Callable[..., Awaitable[Any]]  # takes the call that it goes around, and then that call's arguments
Families = Iterable[Metric]


class Stack(Generic[T]):
    """What is put around one thing just now, the first innermost."""

    def __init__(self) -> None:
        self.layers: tuple[T, ...] = ()

    @contextmanager
    def put(self, layer: T) -> Iterator[None]:
        """Put ``layer`` around while the block runs."""
        self.layers = (*self.layers, layer)
        try:
            yield
        finally:
            self.layers = tuple(other for other in self.layers if other is not layer)


async def _through(layers: Sequence[Layer], call: Call, *args: object) -> Any:  # noqa: ANN401 - the call's
    if not layers:
        return await call(*args)
    *inner, outermost = layers

    async def rest(*args: object) -> Any:  # noqa: ANN401 - the call's
        return await _through(inner, call, *args)

    return await outermost(rest, *args)


class Seams:
    """The seams of one component, and what a fault may work with.

    Attributes:
        composing: around each of a dialect's calls.
        handling: around a handler; gets the subscription and the message.
        publishing: around a publish; gets the message.
        serving: around the HTTP server, as ASGI has it.
        exposing: given the metric families of a scrape, gives others.
        measuring: given seconds that a message waited, gives others.
        sampling: given a trace's id, says whether its spans are dropped.
        forgetting: says whether a trace's context is not passed on.
        node: the component's place on the broker; ``None`` while it has none.
        subscriptions: what the component consumes.
        taken: those of them whose consumer a fault has replaced; no other fault may.
        metrics: of the component.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.composing = Stack[Layer]()
        self.handling = Stack[Layer]()
        self.publishing = Stack[Layer]()
        self.serving = Stack[Layer]()
        self.exposing = Stack[Callable[[Families], Families]]()
        self.measuring = Stack[Callable[[float], float]]()
        self.sampling = Stack[Callable[[int], bool]]()
        self.forgetting = Stack[Callable[[], bool]]()
        self.metrics = metrics
        self.node: Node | None = None
        self.subscriptions: set[Subscription] = set()
        self.taken: set[Subscription] = set()

    @property
    def inboxes(self) -> dict[str, Subscription]:
        """The inboxes that are listened to, and in no fault's hands, by the name of their bot."""
        return {bot: s for s in self.subscriptions - self.taken if (bot := bot_of_inbox(s.queue))}

    def around_publisher(self, publisher: Publisher) -> Publisher:
        """Return ``publisher`` with a seam around it."""
        return cast("Publisher", _Publisher(publisher, self))

    def around_consumer(self, consumer: Consumer) -> Consumer:
        """Return ``consumer`` with a seam around each handler that passes by."""
        return cast("Consumer", _Consumer(consumer, self))

    def around_dialect(self, dialect: Dialect) -> Dialect:
        """Return ``dialect`` with a seam around each of its calls."""
        return cast("Dialect", _Dialect(dialect, self))

    def around_server(self, app: Call) -> Call:
        """Return an ASGI application with a seam around it."""

        async def served(scope: object, receive: object, send: object) -> None:
            await _through(self.serving.layers, app, scope, receive, send)

        return served

    def around_registry(self, registry: CollectorRegistry) -> Collector:
        """Return what is scraped: ``registry`` with a seam around it."""
        return _Registry(registry, self)

    def around_waits(self, histogram: Histogram) -> Histogram:
        """Return the histogram of waiting times with a seam around each observation."""
        return cast("Histogram", _Waits(histogram, self))

    def around_sampler(self, sampler: Sampler) -> Sampler:
        """Return ``sampler`` with a seam around each of its decisions."""
        return _Sampler(sampler, self)

    def around_propagator(self, propagator: TextMapPropagator) -> TextMapPropagator:
        """Return ``propagator`` with a seam around what it writes."""
        return _Propagator(propagator, self)


class _Around(wrapt.ObjectProxy[Any]):
    """Is the thing it goes around, but for what is overridden below."""

    def __init__(self, wrapped: object, seams: Seams) -> None:
        super().__init__(wrapped)
        self._self_seams = seams


class _Publisher(_Around):
    async def publish(self, message: Message) -> None:
        await _through(self._self_seams.publishing.layers, self.__wrapped__.publish, message)


class _Consumer(_Around):
    async def subscribe(self, subscription: Subscription, patience: float = 30.0) -> None:
        subscription.handler = self._handled(subscription, subscription.handler)
        await self.__wrapped__.subscribe(subscription, patience)
        self._self_seams.subscriptions.add(subscription)

    async def unsubscribe(self, subscription: Subscription) -> None:
        self._self_seams.subscriptions.discard(subscription)
        await self.__wrapped__.unsubscribe(subscription)

    def _handled(self, subscription: Subscription, handler: Handler) -> Handler:
        seams = self._self_seams

        async def innermost(_: Subscription, message: Message) -> None:
            await handler(message)

        async def handled(message: Message) -> None:
            await _through(seams.handling.layers, innermost, subscription, message)

        return handled


class _Dialect(_Around):
    async def open(self, partner: str) -> str | None:
        found: str | None = await _through(self._self_seams.composing.layers, self.__wrapped__.open, partner)
        return found

    async def answer(self, history: Sequence[Line], heard: str) -> str | None:
        found: str | None = await _through(
            self._self_seams.composing.layers, self.__wrapped__.answer, history, heard
        )
        return found

    async def tweet(self) -> str | None:
        found: str | None = await _through(self._self_seams.composing.layers, self.__wrapped__.tweet)
        return found


class _Registry(Collector):
    def __init__(self, registry: CollectorRegistry, seams: Seams) -> None:
        self._registry = registry
        self._seams = seams

    def collect(self) -> Families:
        families: Families = self._registry.collect()
        for change in self._seams.exposing.layers:
            families = change(families)
        return families


class _Waits(_Around):
    def labels(self, *values: str) -> "_Wait":
        return _Wait(self.__wrapped__.labels(*values), self._self_seams)


class _Wait(_Around):
    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        for change in self._self_seams.measuring.layers:
            amount = change(amount)
        self.__wrapped__.observe(amount, exemplar)


class _Sampler(Sampler):
    def __init__(self, sampler: Sampler, seams: Seams) -> None:
        self._sampler = sampler
        self._seams = seams

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        *args: Any,  # noqa: ANN401 - OpenTelemetry's signature
        **kwargs: Any,  # noqa: ANN401 - OpenTelemetry's signature
    ) -> SamplingResult:
        if any(drops(trace_id) for drops in self._seams.sampling.layers):
            return SamplingResult(Decision.DROP)
        return self._sampler.should_sample(parent_context, trace_id, *args, **kwargs)

    def get_description(self) -> str:
        return self._sampler.get_description()


class _Propagator(TextMapPropagator):
    def __init__(self, propagator: TextMapPropagator, seams: Seams) -> None:
        self._propagator = propagator
        self._seams = seams

    def extract(self, *args: Any, **kwargs: Any) -> Context:  # noqa: ANN401 - OpenTelemetry's signature
        return self._propagator.extract(*args, **kwargs)

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        if not any(forgets() for forgets in self._seams.forgetting.layers):
            self._propagator.inject(carrier, context, setter)

    @property
    def fields(self) -> set[str]:
        return self._propagator.fields
