"""A stack that runs: what one may ask it, and the patience to do so."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from stack.engine import EngineError, Stack


@dataclass
class Running:
    """A stack with bots talking, asked over HTTP.

    Attributes:
        seconds: by what was waited for, how long it took; the first ones since the broker answered.
    """

    stack: Stack
    seconds: dict[str, float] = field(default_factory=dict)

    def get(self, name: str, path: str, params: dict[str, str | int] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that a service answers."""
        with httpx.Client(base_url=self.stack.url(name), timeout=10, trust_env=False) as client:
            return client.get(path, params=params).raise_for_status().json()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers."""
        found: list[dict[str, Any]] = self.get("PROMETHEUS", "/api/v1/query", {"query": expression})["data"][
            "result"
        ]
        return found

    def bots(self) -> int:
        """Return how many bots the queue-manager lists."""
        found: int = self.get("QUEUE_MANAGER", "/bots", {"limit": 1})["total"]
        return found

    def spans(self, service: str, tags: str = "{}") -> list[dict[str, Any]]:
        """Return spans of the last minutes' traces in which ``service`` took part, each with whose it is.

        Args:
            service: its name.
            tags: a JSON object of attributes that one of its spans has.
        """
        now = datetime.now(UTC)
        return self._spans(
            "/api/v3/traces",
            {
                "query.service_name": service,
                "query.start_time_min": (now - timedelta(minutes=10)).isoformat(),
                "query.start_time_max": (now + timedelta(seconds=5)).isoformat(),
                "query.search_depth": 50,  # 2.19 and newer
                "query.num_traces": 50,  # older
                "query.attributes": tags,
            },
        )

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the spans of one trace."""
        return self._spans(f"/api/v3/traces/{trace_id}")

    def _spans(self, path: str, params: dict[str, str | int] | None = None) -> list[dict[str, Any]]:
        with suppress(httpx.HTTPStatusError):  # 404: none yet
            return [
                {
                    **span,
                    "service": (whose := values_of(group["resource"]))["service.name"],
                    "instance": whose["service.instance.id"],
                }
                for group in self.get("JAEGER", path, params)["result"]["resourceSpans"]
                for scope in group["scopeSpans"]
                for span in scope["spans"]
            ]
        return []


def eventually(check: Callable[[], Any], deadline: float, what: str = "") -> Any:  # noqa: ANN401
    """Return the first truthy result of ``check``; what refuses to answer is asked again (seconds)."""
    end = time.monotonic() + deadline
    found: Any = None
    while time.monotonic() < end:
        with suppress(httpx.HTTPError, OSError, EngineError):
            if found := check():
                return found
        time.sleep(0.2)
    raise AssertionError(f"not within {deadline} s: {what or check}, but {found}")


def values_of(holder: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span or a resource, as OTLP's JSON has them, by their names."""
    return {pair["key"]: next(iter(pair["value"].values())) for pair in holder.get("attributes", [])}
