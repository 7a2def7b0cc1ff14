import asyncio
import json
import random
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry

import model_server as api
from model_server import ModelServer, model_server
from rabbit_chatter.bots.metrics import BotMetrics
from rabbit_chatter.bots.voice import Voice
from rabbit_chatter.dialects import Persona, choose, prepare
from rabbit_chatter.telemetry.tracing import speaking, untraced
from support import eventually

KEY = "sk-very-secret"
MODEL = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "openai",
    "gen_ai_request_model": "tiny",
}


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    """Run a server for all tests of this file."""
    with model_server() as started:
        yield started


@pytest.fixture
def server(running: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    """Return a server that behaves well so far, and set the key."""
    monkeypatch.setenv("CHATTER_LLM_API_KEY", KEY)
    running.asked.clear()
    running.next.clear()
    running.always = api.answer
    return running


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of the test's own."""
    return CollectorRegistry()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Let the test's code speak for a tracer, and keep its spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with speaking(provider.get_tracer("test")):
        yield exporter


async def say(
    server: ModelServer, registry: CollectorRegistry, *, capture: bool = False, **options: object
) -> str | None:
    """Let a bot answer once, as it does in a chat."""
    values = {"base_url": server.base_url, "model": "tiny", "fallback": "echo", "retries": 0}
    ready = await prepare(choose("llm", values | options))
    try:
        spoken = ready.speak(Persona("anna", random.Random(1)))  # noqa: S311 - a game
        voice = Voice(spoken, "llm", BotMetrics(registry), capture_content=capture)
        return await voice.answer([], "a very private question")
    finally:
        await ready.close()


def calls(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    """Return the spans of calls, which hang below that of composing."""
    found = {span.name: span for span in spans.get_finished_spans()}
    call = found["chat tiny"]
    assert call.parent
    assert call.parent.span_id == found["compose"].context.span_id
    return [call]


async def test_call_is_a_span_of_the_conventions(
    server: ModelServer, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    """Model, tokens and the reason of the end are there, and neither key nor words."""
    await say(server, registry, temperature=0.5)
    (call,) = calls(spans)
    attributes = dict(call.attributes or {})
    assert call.kind is SpanKind.CLIENT
    assert attributes.pop("gen_ai.response.time_to_first_chunk") > 0  # type: ignore[operator]
    assert attributes.pop("gen_ai.request.seed")
    port = int(server.base_url.split(":")[2].partition("/")[0])
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "tiny",
        "gen_ai.request.max_tokens": 120,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stream": True,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "tiny-1.1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 5,
        "server.address": "127.0.0.1",
        "server.port": port,
        "chatter.dialect": "llm",
    }
    everything = str([span.to_json() for span in spans.get_finished_spans()])
    assert KEY not in everything
    assert "private" not in everything
    assert "heard" not in everything


async def test_words_are_recorded_when_asked_for(
    server: ModelServer, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    """With content, the span has what was asked and answered, in the form of the conventions."""
    await say(server, registry, capture=True)
    (call,) = calls(spans)
    attributes = call.attributes or {}
    asked = json.loads(str(attributes["gen_ai.input.messages"]))
    assert asked == [{"role": "user", "parts": [{"type": "text", "content": "a very private question"}]}]
    (answered,) = json.loads(str(attributes["gen_ai.output.messages"]))
    assert answered == {
        "role": "assistant",
        "parts": [{"type": "text", "content": "I have heard you."}],
        "finish_reason": "stop",
    }
    (system,) = json.loads(str(attributes["gen_ai.system_instructions"]))
    assert system["content"].startswith("You are anna")
    assert KEY not in str([span.to_json() for span in spans.get_finished_spans()])


async def test_call_is_measured(server: ModelServer, registry: CollectorRegistry) -> None:
    """Time, first piece, tokens, cost and budget are metrics, by model."""
    await say(server, registry, tokens_per_hour=1000)
    value = registry.get_sample_value
    for name in ("operation_duration_seconds", "operation_time_to_first_chunk_seconds"):
        labels = MODEL | ({"error_type": ""} if "duration" in name else {})
        assert value(f"gen_ai_client_{name}_count", labels) == 1
    assert value("gen_ai_client_token_usage_sum", MODEL | {"gen_ai_token_type": "input"}) == 21
    assert value("gen_ai_client_token_usage_sum", MODEL | {"gen_ai_token_type": "output"}) == 5
    used = {"dialect": "llm", "budget": "tokens"}
    assert value("chatter_model_budget_used_ratio", used) == pytest.approx(0.026)
    assert value("chatter_compose_fallbacks_total", {"dialect": "llm", "reason": "error"}) == 0


async def test_cost_is_counted(server: ModelServer, registry: CollectorRegistry) -> None:
    """Prices a million tokens make a sum of money."""
    await say(server, registry, price_input=100, price_output=200, money_per_hour=None)
    cost = registry.get_sample_value("chatter_model_cost_total", {"dialect": "llm"})
    assert cost == pytest.approx((21 * 100 + 5 * 200) / 1_000_000)


async def test_failed_call_says_how(
    server: ModelServer, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    """A failure is an error of the call by its kind, and none of the text, which another dialect composed."""
    server.next.append(api.fail(503, f"busy, {KEY}"))
    assert await say(server, registry) == "a very private question", "the echo answers"
    (call,) = calls(spans)
    assert call.status.status_code is StatusCode.ERROR
    assert (call.attributes or {})["error.type"] == "503"
    assert KEY not in str([span.to_json() for span in spans.get_finished_spans()])
    value = registry.get_sample_value
    assert value("gen_ai_client_operation_duration_seconds_count", MODEL | {"error_type": "503"}) == 1
    assert value("chatter_compose_fallbacks_total", {"dialect": "llm", "reason": "error"}) == 1
    assert value("chatter_compose_failures_total", {"dialect": "llm", "error_type": "ModelError"}) is None


async def test_given_up_call_is_counted(server: ModelServer, registry: CollectorRegistry) -> None:
    """A call for which nobody waits any more is counted by that."""
    server.next.append(api.hang)
    task = asyncio.create_task(say(server, registry))
    await eventually(lambda: server.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    counted = MODEL | {"error_type": "CancelledError"}
    assert registry.get_sample_value("gen_ai_client_operation_duration_seconds_count", counted) == 1


async def test_unsampled_call_leaves_no_span(
    server: ModelServer, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    """In a trace that is not sampled, a call is measured all the same."""
    token = untraced.set("00-" + "1" * 32 + "-" + "2" * 16 + "-00")
    try:
        await say(server, registry, capture=True)
    finally:
        untraced.reset(token)
    assert not spans.get_finished_spans()
    assert registry.get_sample_value(
        "gen_ai_client_operation_duration_seconds_count", MODEL | {"error_type": ""}
    ) == 1  # fmt: skip
