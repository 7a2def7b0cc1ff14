"""Spans as they are kept, shown and sent."""

from typing import Any

import msgspec

_SECOND = 1_000_000  # spans are measured in microseconds
_TOLD = {"chatter.turn", "chatter.redelivered", "messaging.message.id", "error.type", "exercise.start_here"}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span; times in microseconds since the conversation began.

    Attributes:
        parent: index of the span that caused it, ``None`` for a root.
        links: indexes of other spans that belong to it.
        trace: number of the trace that it is in.
    """

    name: str
    service: str
    instance: str
    kind: int
    parent: int | None
    start: int
    length: int
    attributes: dict[str, str | int]
    links: list[int] = []
    trace: int = 0


def as_text(spans: list[Span]) -> str:
    """Return the spans as trees, each child below its parent, one step further to the right."""
    children: dict[int | None, list[int]] = {}
    for index, span in enumerate(spans):
        children.setdefault(span.parent, []).append(index)
    lines = ["   start  duration  span, and whose it is"]

    def add(index: int, depth: int) -> None:
        lines.append(_line(spans[index], index, depth))
        for child in sorted(children.get(index, []), key=lambda child: spans[child].start):
            add(child, depth + 1)

    for number, root in enumerate(children.get(None, []), 1):
        lines.append(f"trace {number}")
        add(root, 0)
    return "\n".join(lines) + "\n"


def _line(span: Span, index: int, depth: int) -> str:
    whose = span.instance if span.service != "rabbitmq" else f"→ {span.instance}"
    told = "".join(f"  {key}={value}" for key, value in span.attributes.items() if key in _TOLD)
    linked = f"  linked to {span_id(span.links[0])[-4:]}" if span.links and span.parent is None else ""
    return (
        f"{span.start / _SECOND:7.3f}s {span.length / 1000:8.1f}ms  {' ' * depth}{span.name} "
        f"[{span_id(index)[-4:]}] {span.service} {whose}{told}{linked}"
    )


def as_otlp(spans: list[Span], seed: int, now: int) -> dict[str, Any]:
    """Return the spans as a request of OTLP/HTTP JSON that ends at ``now``, in nanoseconds since 1970.

    See https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
    """
    begin = now - 1000 * max(span.start + span.length for span in spans)
    resources: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for index, span in enumerate(spans):
        made = {
            "traceId": trace_id(span.trace, seed),
            "spanId": span_id(index, seed),
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": str(begin + 1000 * span.start),
            "endTimeUnixNano": str(begin + 1000 * (span.start + span.length)),
            "attributes": [_attribute(key, value) for key, value in span.attributes.items()],
            "links": [
                {"traceId": trace_id(spans[link].trace, seed), "spanId": span_id(link, seed)}
                for link in span.links
            ],
        }
        if span.parent is not None:
            made["parentSpanId"] = span_id(span.parent, seed)
        resources.setdefault((span.service, span.instance), []).append(made)
    return {"resourceSpans": [_resource(*names, found) for names, found in resources.items()]}


def _resource(service: str, instance: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    names = [_attribute("service.name", service), _attribute("service.instance.id", instance)]
    scope = {"scope": {"name": "rabbit-chatter exercises"}, "spans": spans}
    return {"resource": {"attributes": names}, "scopeSpans": [scope]}


def trace_id(number: int, seed: int) -> str:
    """Return a trace's id."""
    return f"{seed + 1:016x}{number + 1:016x}"


def span_id(index: int, seed: int = 0) -> str:
    """Return a span's id; its last four characters tell the spans of an exercise apart."""
    return f"{(seed + 1) * 1_000_003 % 2**32:08x}{(index + 1) * 2_654_435_761 % 2**32:08x}"


def _attribute(key: str, value: str | int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": value}}
