"""A local server that speaks OpenAI's chat-completions API, and misbehaves as a test wants it to.

After https://platform.openai.com/docs/api-reference/chat: `POST /v1/chat/completions`, whole or as
server-sent events that end with `[DONE]`.
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from rabbit_chatter.up.ports import free_ports

Body = dict[str, Any]
Behaviour = Callable[[Body], Response]

WORDS = ("I ", "have ", "heard ", "you", ".")
USAGE = {"prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26}
_IDENTITY = {"id": "chatcmpl-1", "created": 1, "model": "tiny-1.1"}


class ModelServer:
    """A running server.

    Attributes:
        base_url: for a client.
        asked: bodies of the requests, with ``authorization`` as it was sent.
        next: how the next requests are answered, one each.
        always: how others are.
    """

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.asked: list[Body] = []
        self.next: deque[Behaviour] = deque()
        self.always: Behaviour = answer

    def app(self) -> FastAPI:
        """Return the API."""
        app = FastAPI()

        @app.post("/v1/chat/completions")
        async def completions(request: Request) -> Response:
            body = await request.json()
            self.asked.append(body | {"authorization": request.headers.get("authorization")})
            return (self.next.popleft() if self.next else self.always)(body)

        return app


def answer(body: Body) -> Response:
    """Answer well, whole or in pieces."""
    return stream(*_chunks(body)) if body.get("stream") else whole("".join(WORDS))


def whole(text: str | None, usage: Body | None = USAGE) -> Response:
    """Answer in one document."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return of_json({**_IDENTITY, "object": "chat.completion", "choices": [choice], "usage": usage})


def stream(*events: str, pause: float = 0.0) -> Response:
    """Answer in these events, with a pause before each."""

    async def lines() -> AsyncIterator[str]:
        for event in events:
            await asyncio.sleep(pause)
            yield f"data: {event}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


def fail(status: int, message: str = "no", **headers: str) -> Behaviour:
    """Refuse, as the API does."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps({"error": {"message": message, "type": "server_error", "code": None}})
    return lambda _: Response(content, status, names, "application/json")


def raw(content: str) -> Behaviour:
    """Answer this as JSON, whatever it is."""
    return lambda _: Response(content, media_type="application/json")


def hang(_: Body) -> Response:
    """Answer nothing for as long as anybody waits."""
    return stream("never", pause=3600)


def drip(body: Body) -> Response:
    """Answer one piece after the other, each in time, and come to no end."""
    return stream(*_chunks(body)[:-3] * 1000, pause=0.05)


def of_json(content: Body) -> Response:
    """Answer a document."""
    return Response(json.dumps(content), media_type="application/json")


def chunk(text: str | None, finish_reason: str | None = None, usage: Body | None = None) -> str:
    """Return an event of a stream; one with the usage has no choice."""
    choices = [] if usage else [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}]
    return json.dumps({**_IDENTITY, "object": "chat.completion.chunk", "choices": choices, "usage": usage})


def _chunks(body: Body) -> list[str]:
    asked = (body.get("stream_options") or {}).get("include_usage")
    usage = [chunk(None, usage=USAGE)] if asked else []
    return [*(chunk(word) for word in WORDS), chunk(None, "stop"), *usage, "[DONE]"]


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Run a server on a free port of loopback."""
    (port,) = free_ports(1)
    running = ModelServer(port)
    config = uvicorn.Config(
        running.app(), "127.0.0.1", port, log_config=None, lifespan="off", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="model server")
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        yield running
    finally:
        server.should_exit = True
        thread.join()
