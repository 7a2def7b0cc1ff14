import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from fastapi import Response
from structlog.testing import capture_logs

import model_server as api
from model_server import ModelServer, model_server
from rabbit_chatter.dialects import Line, Persona, Prepared, choose, prepare
from rabbit_chatter.dialects.calls import Fallback, ModelCall, ModelRequest, Unit, Unobserved, observer
from rabbit_chatter.dialects.llm.breaker import Breaker
from rabbit_chatter.dialects.llm.budget import Budget
from rabbit_chatter.errors import DialectError
from rabbit_chatter.testing import DialectContract
from support import eventually

KEY = "sk-very-secret"
SAID = "I have heard you."

Llm = Callable[..., AbstractAsyncContextManager[Prepared]]


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    """Run a server for all tests of this file."""
    with model_server() as started:
        yield started


@pytest.fixture
def server(running: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    """Return a server that behaves well so far, and set the key."""
    for name in ("OPENAI_API_KEY", "CHATTER_LLM_MODEL", "CHATTER_LLM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHATTER_LLM_API_KEY", KEY)
    running.asked.clear()
    running.next.clear()
    running.always = api.answer
    return running


@pytest.fixture
def llm(server: ModelServer) -> Llm:
    """Return a way to have the dialect ready, with options."""

    @asynccontextmanager
    async def ready(**options: object) -> AsyncIterator[Prepared]:
        defaults = {"base_url": server.base_url, "model": "tiny", "fallback": "echo", "retries": 0}
        prepared = await prepare(choose("llm", defaults | options))
        try:
            yield prepared
        finally:
            await prepared.close()

    return ready


class TestLlm(DialectContract):
    """The contract, for `llm` with a server that answers."""

    dialect = "llm"

    @pytest.fixture(autouse=True)
    def _with_a_server(self, server: ModelServer) -> None:
        self.options = {"base_url": server.base_url, "model": "tiny"}


class Watch(Unobserved):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.fallbacks: list[Fallback] = []
        self.used: dict[Unit, float] = {}
        self.open: list[bool] = []

    def fell_back(self, why: Fallback) -> None:
        """Keep a reason."""
        self.fallbacks.append(why)

    def budget(self, unit: Unit, used: float) -> None:
        """Keep the last share."""
        self.used[unit] = used

    def circuit(self, *, is_open: bool) -> None:
        """Keep a state."""
        self.open.append(is_open)


@pytest.fixture
def watch() -> Watch:
    """Return an observer that keeps what it is told; set it inside the test."""
    return Watch()


async def ask(ready: Prepared, heard: str = "hello?", watch: Watch | None = None) -> str | None:
    """Let a bot answer; without a model, an echo does."""
    observer.set(watch or Unobserved())
    persona = Persona("anna", random.Random(1), "A gardener.")  # noqa: S311 - a game
    return await ready.speak(persona).answer([Line("berta", "Hi"), Line("anna", "Ho")], heard)


@pytest.mark.parametrize("stream", [True, False])
async def test_model_answers(llm: Llm, server: ModelServer, stream: bool) -> None:  # noqa: FBT001 - a parameter
    """Whole or in pieces, the answer is said; the model is told who it is and what was said."""
    async with llm(stream=stream, temperature=0.5, max_tokens=7) as ready:
        assert await ask(ready, "Where are you?") == SAID
    (asked,) = server.asked
    system, *talk = asked["messages"]
    assert system["role"] == "system"
    assert "You are anna" in system["content"]
    assert "A gardener." in system["content"]
    assert [(said["role"], said["content"]) for said in talk] == [
        ("user", "Hi"), ("assistant", "Ho"), ("user", "Where are you?"),
    ]  # fmt: skip
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("tiny", 7, 0.5)
    assert asked["authorization"] == f"Bearer {KEY}"


async def test_seed_is_the_persona_s(llm: Llm, server: ModelServer) -> None:
    """The same dice ask the endpoint for the same seed."""
    async with llm() as ready:
        await ask(ready)
        await ask(ready)
    assert server.asked[0]["seed"] == server.asked[1]["seed"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_failure_is_tried_again(llm: Llm, server: ModelServer, status: int) -> None:
    """What may pass is tried again, and the partner notices nothing."""
    server.next.append(api.fail(status, retry_after="0.05"))
    async with llm(retries=2) as ready:
        assert await ask(ready) == SAID
    assert len(server.asked) == 2


async def test_retry_after_is_obeyed(llm: Llm, server: ModelServer) -> None:
    """An endpoint that asks for a second of peace has it."""
    server.next.append(api.fail(429, retry_after="1"))
    loop = asyncio.get_running_loop()
    async with llm(retries=1) as ready:
        began = loop.time()
        assert await ask(ready) == SAID
        assert loop.time() - began >= 1


def broken_stream(_: api.Body) -> Response:
    """Begin well and go on with something that is no JSON."""
    return api.stream(api.chunk("I have"), '{"id": "x", "cho')


def cut_stream(_: api.Body) -> Response:
    """End without an end."""
    return api.stream(api.chunk("I have"), api.chunk(" heard"))


def error_event(_: api.Body) -> Response:
    """Begin well and end with an error in the stream."""
    return api.stream(api.chunk("I have"), '{"error": {"message": "overloaded", "type": "server_error"}}')


@pytest.mark.parametrize(
    ("behaviour", "options", "kind"),
    [
        (api.fail(500), {}, "500"),
        (api.fail(429, retry_after="3"), {"retries": 1, "timeout": 0.5}, "timeout"),
        (api.fail(401, f"Incorrect API key provided: {KEY}"), {}, "401"),
        (api.fail(404, "no such model"), {}, "404"),
        (api.hang, {"timeout": 0.3}, "timeout"),
        (api.hang, {"timeout": 0.3, "stream": False}, "timeout"),
        (api.drip, {"timeout": 0.3}, "timeout"),
        (api.raw('{"id": "x", "cho'), {"stream": False}, "invalid-response"),
        (api.raw("[]"), {"stream": False}, "invalid-response"),
        (api.raw('{"choices": []}'), {"stream": False}, "invalid-response"),
        (lambda _: api.whole(None), {"stream": False}, "empty-response"),
        (lambda _: api.whole("  "), {"stream": False}, "empty-response"),
        (broken_stream, {}, "invalid-response"),
        (cut_stream, {}, "invalid-response"),
        (error_event, {}, "error-event"),
    ],
)
async def test_chat_goes_on_when_the_model_fails(
    llm: Llm,
    server: ModelServer,
    watch: Watch,
    behaviour: api.Behaviour,
    options: dict[str, object],
    kind: str,
) -> None:
    """However it fails, in time another dialect answers; the log names the kind, and never the key."""
    server.always = behaviour
    with capture_logs() as logs:
        async with llm(**options) as ready:
            loop = asyncio.get_running_loop()
            began = loop.time()
            assert await ask(ready, "hello?", watch) == "hello?"
            assert loop.time() - began < 10
    assert watch.fallbacks == [Fallback.ERROR]
    assert [entry["kind"] for entry in logs if entry["event"] == "model.failed"] == [kind]
    assert KEY not in str(logs)


async def test_endpoint_that_is_not_there(llm: Llm, watch: Watch) -> None:
    """Where nobody listens, another dialect answers."""
    with capture_logs() as logs:
        async with llm(base_url="http://127.0.0.1:9/v1") as ready:
            assert await ask(ready, "hello?", watch) == "hello?"
    assert [entry["kind"] for entry in logs] == ["connection"]


async def test_breaker_leaves_a_dead_endpoint_alone(llm: Llm, server: ModelServer, watch: Watch) -> None:
    """After failures in a row nobody asks for a while; then one tries, and all is well again."""
    server.always = api.fail(500)
    async with llm(failures=2, pause=0.3) as ready:
        for _ in range(5):
            assert await ask(ready, "hello?", watch) == "hello?"
        assert len(server.asked) == 2
        assert watch.fallbacks == [Fallback.ERROR] * 2 + [Fallback.CIRCUIT_OPEN] * 3
        assert watch.open[-1]
        server.always = api.answer
        await asyncio.sleep(0.3)
        assert await ask(ready, "hello?", watch) == SAID
        assert not watch.open[-1]


async def test_budget_of_tokens(llm: Llm, server: ModelServer, watch: Watch) -> None:
    """When an hour's tokens are used, another dialect answers; what is counted is what the endpoint says."""
    async with llm(tokens_per_hour=250, max_tokens=50) as ready:
        said = [await ask(ready, "hello?", watch) for _ in range(20)]
    assert said == [SAID] * len(server.asked) + ["hello?"] * (20 - len(server.asked))
    assert 1 < len(server.asked) < 10
    assert watch.used[Unit.TOKENS] == pytest.approx(26 * len(server.asked) / 250)
    assert watch.fallbacks[-1] is Fallback.BUDGET


async def test_many_at_once_do_not_overdraw(llm: Llm, server: ModelServer) -> None:
    """What an answer may take is put aside first, so that a crowd cannot spend more than there is."""
    server.always = lambda _: api.stream(*(api.chunk("x"), api.chunk(None, "stop")), pause=0.05)
    async with llm(tokens_per_hour=500, max_tokens=50) as ready:
        await asyncio.gather(*(ask(ready) for _ in range(30)))
    assert 1 <= len(server.asked) <= 500 // 50


async def test_budget_of_money(llm: Llm, server: ModelServer, watch: Watch) -> None:
    """Prices make tokens money, which has a limit of its own."""
    prices = {"price_input": 1000, "price_output": 2000, "tokens_per_hour": 1_000_000}
    async with llm(money_per_hour=0.4, max_tokens=50, **prices) as ready:
        for _ in range(20):
            await ask(ready, "hello?", watch)
    cost = (21 * 1000 + 5 * 2000) / 1_000_000
    assert watch.used[Unit.MONEY] == pytest.approx(cost * len(server.asked) / 0.4)
    assert watch.fallbacks[-1] is Fallback.BUDGET


async def test_usage_is_estimated_where_the_endpoint_does_not_count(
    llm: Llm, server: ModelServer, watch: Watch
) -> None:
    """A server that tells no tokens is still held to the budget."""
    server.always = lambda _: api.whole("x" * 400, usage=None)
    async with llm(stream=False, tokens_per_hour=1000) as ready:
        await ask(ready, "hello?", watch)
    assert 0.1 < watch.used[Unit.TOKENS] < 0.5


async def test_long_answer_is_cut_short(llm: Llm, server: ModelServer) -> None:
    """A model without an end is not listened to for ever."""
    server.always = lambda _: api.stream(*[api.chunk("x" * 1000)] * 100)
    async with llm() as ready:
        assert 4000 <= len(await ask(ready) or "") < 8000


async def test_giving_up_closes_the_stream(llm: Llm, server: ModelServer) -> None:
    """Who is cancelled while pieces come in stops at once, and the breaker does not count it."""
    server.always = api.drip
    async with llm(failures=1) as ready:
        task = asyncio.create_task(ask(ready))
        await eventually(lambda: server.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.always = api.answer
        assert await ask(ready) == SAID


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": None}, "which model"),
        ({"base_url": None}, "OpenAI wants a key"),
        ({"base_url": "localhost:1"}, "does not begin with http"),
        ({"fallback": "llm"}, "must name another dialect"),
        ({"fallback": "elisa"}, "did you mean 'eliza'"),
    ],
)
async def test_what_is_missing_is_told(
    llm: Llm, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], said: str
) -> None:
    """No model, no key, no address: each is told with what to do."""
    monkeypatch.delenv("CHATTER_LLM_API_KEY")
    with pytest.raises(DialectError, match=said):
        async with llm(**options):
            pass


async def test_settings_stand_in_for_options(
    llm: Llm, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Model and address may come from the environment, with the key."""
    monkeypatch.setenv("CHATTER_LLM_MODEL", "from-env")
    monkeypatch.setenv("CHATTER_LLM_BASE_URL", server.base_url)
    async with llm(model=None, base_url=None) as ready:
        assert await ask(ready) == SAID
    assert server.asked[0]["model"] == "from-env"


def test_budget_forgets_after_an_hour() -> None:
    """What was spent more than an hour ago is free again; what was not used is given back."""
    budget = Budget(100, None)
    spent = budget.reserve(80, 0, now=0)
    assert budget.reserve(30, 0, now=1) is None
    assert spent is not None
    spent.tokens = 60
    assert budget.reserve(30, 0, now=2) is not None
    assert budget.shares(3) == (0.9, 0)
    assert budget.reserve(60, 0, now=3600) is not None
    assert Budget(0, 0).shares(0) == (1, 1)


def test_breaker_lets_one_try() -> None:
    """Half open, one call passes and the others wait for its outcome."""
    breaker = Breaker(2, 10)
    breaker.failed(0)
    assert breaker.may_pass(0)
    breaker.failed(1)
    assert not breaker.may_pass(10)
    assert breaker.may_pass(11)
    assert not breaker.may_pass(12)
    breaker.failed(12)
    assert not breaker.may_pass(21)
    assert breaker.may_pass(22)
    breaker.gave_up()
    assert breaker.may_pass(22)
    breaker.succeeded()
    assert breaker.may_pass(23)
    assert not breaker.is_open


async def test_nobody_need_watch() -> None:
    """Without an observer, calls are made all the same."""
    request = ModelRequest("openai", "tiny", (), "127.0.0.1", 80, 10)
    with Unobserved().calling(request) as call:
        assert call == ModelCall()
