"""Several dialects in one chat, told apart in metrics, traces and messages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from model_server import answer, fail, model_server
from rabbit_chatter.up.private import PrivateBroker
from support import Component, Receiver, component, eventually, otlp_receiver, queue_manager

KEY = "sk-very-secret"


@asynccontextmanager
async def chat(
    broker: PrivateBroker, receiver: Receiver, *arguments: str, **environment: str
) -> AsyncIterator[Component]:
    """Run bots that talk fast, with a directory."""
    async with (
        queue_manager(broker) as manager,
        component(
            "bots", "--tempo", "8", *arguments,
            CHATTER_AMQP_URL=broker.amqp_url("chatter-bot"),
            CHATTER_QUEUE_MANAGER_URL=f"http://{manager.address}",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            **environment,
        ) as running,
    ):  # fmt: skip
        await running.ready()
        yield running
        assert await running.stop() == 0


async def metrics_of(running: Component) -> str:
    """Return what a component's `/metrics` says."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://{running.address}/metrics")).text


async def test_three_dialects_are_told_apart(broker: PrivateBroker) -> None:
    """Each has bots, composes in its own metrics, and is a service of its own in traces."""
    spoken = {"eliza", "markov", "gibberish"}
    with otlp_receiver() as receiver:
        mix = ("--count", "12", "--seed", "three", "--dialect", "eliza=2,markov=1,gibberish=1")
        async with chat(broker, receiver, *mix) as running:

            async def all_heard() -> bool:
                text = await metrics_of(running)
                found = re.findall(r'chatter_compose_duration_seconds_count{dialect="(\w+)"} (?!0\.0)', text)
                return set(found) == spoken

            await eventually(all_heard, 30)
            assert not running.events("dialect.failed")

            def all_traced() -> bool:
                composed = receiver.named("compose")
                named = {(span["service"], span["values"]["chatter.dialect"]) for span in composed}
                return {(f"bot-{name}", name) for name in spoken} <= named

            await eventually(all_traced)


async def test_model_in_a_chat(broker: PrivateBroker) -> None:
    """Bots chat through a language model, also when it dies and comes back; its key is nowhere to be seen."""
    with otlp_receiver() as receiver, model_server() as server:
        options = (f"base_url={server.base_url}", "model=tiny", "retries=0", "failures=1", "pause=1")
        asked = [word for option in options for word in ("--dialect-option", f"llm.{option}")]
        arguments = ("--count", "4", "--seed", "model", "--dialect", "llm", *asked)
        async with chat(broker, receiver, *arguments, CHATTER_LLM_API_KEY=KEY) as running:

            def answered() -> list[dict[str, object]]:
                return receiver.named("chat tiny", gen_ai__usage__input_tokens=21)

            calls = await eventually(answered, 30)
            assert {call["service"] for call in calls} == {"bot-llm"}
            server.always = fail(401, KEY)
            await eventually(lambda: receiver.named("chat tiny", error__type="401"), 30)
            await eventually(lambda: fallbacks(running, "circuit-open"), 30)
            before = len(answered())
            server.always = answer
            await eventually(lambda: len(answered()) > before, 30)
        assert KEY not in str(running.log)
        assert KEY not in str(receiver.spans)
        assert server.asked[0]["authorization"] == f"Bearer {KEY}"


async def fallbacks(running: Component, reason: str) -> float:
    """Return how many texts another dialect composed for ``reason``."""
    counter = f'chatter_compose_fallbacks_total{{dialect="llm",reason="{reason}"}} '
    lines = (await metrics_of(running)).splitlines()
    return sum(float(line.removeprefix(counter)) for line in lines if line.startswith(counter))
