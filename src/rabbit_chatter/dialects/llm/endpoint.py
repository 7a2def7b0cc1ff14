"""The endpoint, through OpenAI's own client library, which retries with backoff and obeys Retry-After."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI

from rabbit_chatter.dialects.calls import ModelCall, ModelRequest
from rabbit_chatter.dialects.safe import LONGEST_TEXT
from rabbit_chatter.errors import ModelError

OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # the library insists on one; endpoints on this machine do not


@dataclass(frozen=True)
class Access:
    """How the endpoint is reached.

    Attributes:
        base_url: up to and without ``/chat/completions``.
        key: secret; perhaps none.
        timeout: seconds for an answer with all retries.
        retries: further attempts after the first.
    """

    base_url: str
    key: str
    timeout: float
    retries: int


class Endpoint:
    """Answers, or says why not.

    Args:
        access: how it is reached.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = AsyncOpenAI(
            api_key=access.key or _NO_KEY,
            base_url=access.base_url,
            # Of one attempt: to connect, and between two pieces of the answer.
            timeout=access.timeout / (access.retries + 1),
            max_retries=access.retries,
        )
        url = httpx2.URL(access.base_url)
        self.address = url.host
        self.port = url.port or (443 if url.scheme == "https" else 80)

    async def ask(self, request: ModelRequest, call: ModelCall) -> None:
        """Fill in ``call`` with what the model answers.

        Raises:
            ModelError: there is no answer within the deadline, whatever the reason.
        """
        try:
            async with asyncio.timeout(self._access.timeout):
                await (self._streamed if request.stream else self._whole)(request, call)
        except Exception as error:
            # `from None`: the cause may quote the key, and spans and logs show causes.
            raise ModelError(self._without_key(f"{request.model}: {error}"), _kind(error)) from None
        call.text = call.text.strip()
        if not call.text:
            raise ModelError(f"{request.model} answered nothing", "empty-response")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _whole(self, request: ModelRequest, call: ModelCall) -> None:
        answer = await self._client.chat.completions.create(**self._body(request))
        _note(call, answer)
        call.text = answer.choices[0].message.content or ""
        call.finish_reason = answer.choices[0].finish_reason

    async def _streamed(self, request: ModelRequest, call: ModelCall) -> None:
        begun = time.perf_counter()
        body = self._body(request) | {"stream_options": {"include_usage": True}}
        async with await self._client.chat.completions.create(**body, stream=True) as chunks:
            async for chunk in chunks:
                if call.first_chunk is None:
                    call.first_chunk = time.perf_counter() - begun
                _note(call, chunk)
                for choice in chunk.choices:
                    call.text += choice.delta.content or ""
                    call.finish_reason = choice.finish_reason or call.finish_reason
                if len(call.text) > LONGEST_TEXT:
                    return
        if call.finish_reason is None:
            raise ValueError("the stream ended before the answer did")

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        # OpenAI's newer models refuse `max_tokens`, and most other servers know nothing else.
        limit = "max_completion_tokens" if self._access.base_url == OPENAI else "max_tokens"
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": said.role, "content": said.text} for said in request.messages],
            limit: request.max_tokens,
            "seed": request.seed,
        }
        return body if request.temperature is None else body | {"temperature": request.temperature}

    def _without_key(self, text: str) -> str:
        return text.replace(self._access.key, "***") if self._access.key else text


def _note(call: ModelCall, answer: Any) -> None:  # noqa: ANN401 - a completion, or a chunk of one
    call.id, call.model = answer.id or call.id, answer.model or call.model
    if answer.usage is not None:
        call.input_tokens = answer.usage.prompt_tokens
        call.output_tokens = answer.usage.completion_tokens


def _kind(error: Exception) -> str:
    if isinstance(error, TimeoutError | openai.APITimeoutError | httpx2.TimeoutException):
        return "timeout"
    if isinstance(error, openai.APIStatusError):
        return str(error.status_code)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return "connection"
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
        return "error-event"
    return "invalid-response"
