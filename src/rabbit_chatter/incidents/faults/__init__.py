"""What can be put around a component: each fault is a context manager, which breaks and then mends it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import msgspec

from rabbit_chatter.incidents.dose import Dose
from rabbit_chatter.incidents.faults import consuming, handling, load, telemetry
from rabbit_chatter.incidents.seams import Seams


@dataclass(frozen=True)
class Fault:
    """A fault and the parameters that it takes.

    Attributes:
        parameters: a frozen struct; a file may set its fields.
        body: breaks a component while its block runs.
    """

    parameters: type[msgspec.Struct]
    body: Callable[[Seams, Dose, Any], AbstractAsyncContextManager[None]]

    def check(self, values: Mapping[str, Any]) -> msgspec.Struct:
        """Return the parameters that ``values`` are.

        Raises:
            msgspec.ValidationError: one is unknown, or out of its bounds.
        """
        return msgspec.convert(values, self.parameters)

    def enter(self, seams: Seams, dose: Dose, values: Mapping[str, Any]) -> AbstractAsyncContextManager[None]:
        """Return a block in which the component is broken."""
        return self.body(seams, dose, self.check(values))


FAULTS: Mapping[str, Fault] = {
    "slow-handler": Fault(handling.SlowHandler, handling.slow_handler),
    "refusing-handler": Fault(handling.Refusing, handling.refusing_handler),
    "wrong-address": Fault(handling.WrongAddress, handling.wrong_address),
    "publish-twice": Fault(handling.Nothing, handling.publish_twice),
    "slow-words": Fault(handling.SlowWords, handling.slow_words),
    "deaf-inbox": Fault(handling.Nothing, consuming.deaf_inbox),
    "hoarding-consumer": Fault(consuming.Hoarding, consuming.hoarding_consumer),
    "requeue-loop": Fault(consuming.RequeueLoop, consuming.requeue_loop),
    "flood": Fault(load.Rate, load.flood),
    "queue-leak": Fault(load.Rate, load.queue_leak),
    "connection-churn": Fault(load.Rate, load.connection_churn),
    "clock-skew": Fault(telemetry.Skew, telemetry.clock_skew),
    "lost-context": Fault(handling.Nothing, telemetry.lost_context),
    "label-per-message": Fault(telemetry.Labels, telemetry.label_per_message),
    "wrong-unit": Fault(telemetry.WrongUnit, telemetry.wrong_unit),
    "coarse-buckets": Fault(telemetry.Coarse, telemetry.coarse_buckets),
    "counter-reset": Fault(telemetry.Resets, telemetry.counter_reset),
    "hanging-scrape": Fault(telemetry.Hanging, telemetry.hanging_scrape),
    "no-sampling": Fault(handling.Nothing, telemetry.no_sampling),
}
