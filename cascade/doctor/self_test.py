"""Self-test: calls a loopback server with our client, so an update of litellm cannot reintroduce hidden retries."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cascade.clients.litellm import LiteLLMClient
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.usage import Price

_PRICE = Price(input_usd=1e-6, output_usd=2e-6)
_USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
_COST_USD = 1000 * 1e-6 + 100 * 2e-6
_ELSEWHERE = "/elsewhere"
_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test case with its result."""

    name: str
    """The property tested."""

    found: str
    """The observed behaviour, for a message."""

    passed: bool
    """Whether the property held."""


async def self_test(client: LiteLLMClient | None = None) -> tuple[Trial, ...]:
    """Run the self-test against a server on 127.0.0.1; takes as long as the import of litellm.

    Args:
        client: the client to test, closed afterwards; None for the default client.

    Raises:
        OSError: nothing can listen on 127.0.0.1.
    """
    client = client or LiteLLMClient()
    try:
        async with _listening() as server:
            return tuple([await _once(client, server, model) for model in _ONCE] + [await _priced(client, server)])
    finally:
        await client.aclose()


_ONCE = {
    "openai/error": "a 500 is one request",
    "anthropic/error": "a 500 is one request (Anthropic)",
    "openai/drop": "a dropped connection is one request",
    "anthropic/drop": "a dropped connection is one request (Anthropic)",
    "openai/redirect": "a redirect is not followed",
}


async def _once(client: LiteLLMClient, server: _Listening, model: str) -> Trial:
    server.hits.clear()
    reply = await _ask(client, server, model)
    kind = reply.kind.value if isinstance(reply, CallFailure) else "an answer"
    passed = sum(server.hits.values()) == 1 and not server.hits[_ELSEWHERE] and isinstance(reply, CallFailure)
    return Trial(name=_ONCE[model], found=f"{sum(server.hits.values())} request(s), taken for {kind}", passed=passed)


async def _priced(client: LiteLLMClient, server: _Listening) -> Trial:
    reply = await _ask(client, server, "openai/answer")
    cost_usd = reply.cost_usd or 0.0 if isinstance(reply, Response) else 0.0
    found = f"${cost_usd:g} where ${_COST_USD:g} is right"
    return Trial(name="the requested model sets the price", found=found, passed=abs(cost_usd - _COST_USD) < 1e-12)


async def _ask(client: LiteLLMClient, server: _Listening, model: str) -> Response | CallFailure:
    messages = ({"role": "user", "content": "Is it fine?"},)
    base = server.url if model.startswith("openai") else server.url.removesuffix("/v1")
    return await client.ask(
        ModelCall(
            rung="self-test",
            model=model,
            messages=messages,
            api_base=base,
            api_key="sk-self-test-only",
            timeout_s=_LIMIT_S,
            price=_PRICE,
        )
    )


@dataclass(slots=True, kw_only=True)
class _Listening:
    """Test server: behaves as the model's name says, and counts requests by path."""

    url: str = ""
    hits: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            model = str(json.loads(await reader.readexactly(length) or b"{}").get("model"))
            self.hits[head.split(" ", 2)[1].partition("?")[0]] += 1
            if model != "drop":
                writer.write(_answer(model))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client closed the connection
        finally:
            writer.close()


def _answer(model: str) -> bytes:
    status, extra, body = 200, "", json.dumps(_COMPLETION)
    if model == "redirect":
        status, extra, body = 307, f"location: {_ELSEWHERE}\r\n", ""
    elif model == "error":
        status, body = 500, json.dumps({"error": {"message": "on purpose"}})
    head = f"HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-type: application/json\r\n{extra}"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


_COMPLETION = {
    "id": "self-test",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4-32k",  # a dearer model than the requested one
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
    "usage": _USAGE,
}


@asynccontextmanager
async def _listening() -> AsyncIterator[_Listening]:
    listening = _Listening()
    server = await asyncio.start_server(listening.serve, "127.0.0.1", 0)
    listening.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield listening
    finally:
        server.close()


__all__ = ["Trial", "self_test"]
