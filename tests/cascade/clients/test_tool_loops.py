"""Ten-step tool loops that change provider at every step: each provider is strict about what it is sent."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cascade.clients.routed import RoutedClient
from cascade.exchange import ModelCall, Response
from cascade.usage import Price

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
FORM = {"role", "content", "name", "refusal", "tool_calls", "tool_call_id", "function_call"}
ASKED = itertools.count()
STEPS = 10


def chat(message: dict[str, Any], finish: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60}
    return {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }


def openai(body: dict[str, Any], step: int) -> tuple[str | None, Any]:
    """Speak as a strict OpenAI does: standard fields, ids of 40 characters, an answer for each call."""
    odd = {key for message in body["messages"] for key in message} - FORM
    wrong = f"unknown fields {odd}" if odd else _unanswered(body["messages"], 40)
    calls = [{"id": f"call_{step}", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    return wrong, chat({"role": "assistant", "content": None, "tool_calls": calls, "annotations": []}, "tool_calls")


def mistral(body: dict[str, Any], step: int) -> tuple[str | None, Any]:
    """Speak as Mistral does: ids of nine letters and digits."""
    odd = {key for message in body["messages"] for key in message} - FORM
    wrong = f"unknown fields {odd}" if odd else _unanswered(body["messages"], 9, exact=True)
    calls = [{"id": f"m{step:08d}", "function": {"name": "look", "arguments": "{}"}, "index": 0}]
    return wrong, chat({"role": "assistant", "content": "", "tool_calls": calls, "prefix": False}, "tool_calls")


def deepseek(body: dict[str, Any], step: int) -> tuple[str | None, Any]:
    """Speak as DeepSeek does while thinking: each assistant's message has its thinking, and no other's blocks."""
    said = [message for message in body["messages"] if message["role"] == "assistant"]
    wrong = None if all(one.get("reasoning_content") for one in said) else "reasoning_content must be passed back"
    odd = {key for message in body["messages"] for key in message} - FORM - {"reasoning_content"}
    calls = [{"id": f"call_00_{step}", "type": "function", "index": 0, "function": {"name": "look", "arguments": "{}"}}]
    message = {"role": "assistant", "content": "", "reasoning_content": f"deep {step}", "tool_calls": calls}
    return wrong or (f"unknown fields {odd}" if odd else _unanswered(body["messages"], 64)), chat(message, "tool_calls")


def anthropic(body: dict[str, Any], step: int) -> tuple[str | None, Any]:
    """Speak as Anthropic does: its own signatures only, and a result for each tool_use in the next message."""
    wrong = None
    for message, following in itertools.pairwise([*body["messages"], {"content": []}]):
        blocks = message["content"] if isinstance(message["content"], list) else []
        for block in blocks:
            if block["type"] == "thinking" and not block["signature"].startswith("claude"):
                wrong = "invalid signature in thinking block"
        uses = {block["id"] for block in blocks if block["type"] == "tool_use"}
        answers = {block.get("tool_use_id") for block in following["content"] if isinstance(block, dict)}
        if not uses <= answers:
            wrong = f"tool_use ids without tool_result: {uses - answers}"
    content = [
        {"type": "thinking", "thinking": f"hm {step}", "signature": f"claude-{step}"},
        {"type": "tool_use", "id": f"toolu_{step}", "name": "look", "input": {}},
    ]
    return wrong, {"id": "msg", "type": "message", "role": "assistant", "model": "m", "content": content,
                   "stop_reason": "tool_use", "usage": {"input_tokens": 40, "output_tokens": 30}}  # fmt: skip


def _unanswered(messages: list[dict[str, Any]], most: int, *, exact: bool = False) -> str | None:
    awaited: list[str] = []
    for message in messages:
        for call in message.get("tool_calls") or ():
            awaited.append(call["id"])
            if len(call["id"]) > most or (exact and (len(call["id"]) != most or not call["id"].isalnum())):
                return f"tool call id {call['id']!r}"
        if message["role"] == "tool":
            if message["tool_call_id"] not in awaited:
                return f"no call {message['tool_call_id']!r}"
            awaited.remove(message["tool_call_id"])
    return f"calls without result: {awaited}" if awaited else None


SPEAKERS = {"openai": openai, "mistral": mistral, "deepseek": deepseek, "anthropic": anthropic}
MODELS = {
    "openai": "openai/m", "mistral": "mistral/mistral-large-latest", "deepseek": "deepseek/deepseek-chat",
    "anthropic": "anthropic/claude-haiku-4-5",
}  # fmt: skip


@contextmanager
def serving() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            wrong, body = SPEAKERS[self.path.split("/")[1]](asked, next(ASKED))
            status = 200 if wrong is None else 400
            data = json.dumps(body if wrong is None else {"error": {"message": wrong}}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


async def loop(base: str, providers: list[str], client: str) -> list[dict[str, Any]]:
    """Take ten steps, each at the next provider; the tool's result is given in its turn."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Look until you have seen enough."}]
    routed = RoutedClient()
    try:
        for _, provider in zip(range(STEPS), itertools.cycle(providers), strict=False):
            call = ModelCall(
                rung="r", model=MODELS[provider], messages=tuple(messages), params={"tools": [TOOL], "max_tokens": 64},
                api_base=f"{base}/{provider}", api_key="k-1234567890", timeout_s=20.0, client=client,
                price=Price(input_usd=1e-6, output_usd=1e-6),
            )  # fmt: skip
            reply = await routed.ask(call)
            assert isinstance(reply, Response), f"{provider}: {reply}"
            (made,) = reply.tool_calls
            messages += [dict(reply.message), {"role": "tool", "tool_call_id": made["id"], "content": "nothing yet"}]
    finally:
        await routed.aclose()
    return messages


@pytest.mark.parametrize("client", ["auto", "litellm"])
@pytest.mark.parametrize("providers", list(itertools.permutations(SPEAKERS, 2)), ids="-".join)
def test_a_tool_loop_that_crosses_two_providers_at_every_step_is_refused_by_neither(providers, client):
    with serving() as base:
        messages = asyncio.run(loop(base, list(providers), client))
    assert len(messages) == 1 + 2 * STEPS


def test_a_tool_loop_that_crosses_four_providers_is_refused_by_none():
    with serving() as base:
        messages = asyncio.run(loop(base, list(SPEAKERS), "auto"))
    assert len(messages) == 1 + 2 * STEPS
