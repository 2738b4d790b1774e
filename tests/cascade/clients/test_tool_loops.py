"""Ten-step tool loops that change provider at every step: each provider is strict about what it is sent."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cascade import Cascade, CascadeError, Ladder, Rung, Settings
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


FAULTS = (429, 500, 503, "reset", "cut", "no JSON")
"""What an injected fault is: a status, a connection closed before or amid the answer, a page in place of the answer."""


def every_third(place: int) -> Any:
    """Return the fault of the request at a place: each kind in turn, and none two requests in a row."""
    return FAULTS[place // 3 % len(FAULTS)] if place % 3 == 1 else None


@contextmanager
def serving(fault: Callable[[int], Any] = lambda _: None, seen: Counter[Any] | None = None) -> Iterator[str]:
    """Serve the providers; `fault` tells the fault of each request in turn, and `seen` counts what they met."""
    counted: Counter[Any] = Counter() if seen is None else seen
    places = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            wrong, body = SPEAKERS[self.path.split("/")[1]](asked, next(ASKED))
            status = 200 if wrong is None else 400
            data = json.dumps(body if wrong is None else {"error": {"message": wrong}}).encode()
            broken = fault(next(places)) if wrong is None else None
            counted["fault" if broken else status] += 1
            if broken == "reset":
                self.close_connection = True
                return
            if isinstance(broken, int):
                status, data = broken, json.dumps({"error": {"message": "Try again later."}}).encode()
            elif broken == "no JSON":
                data = b"<html>Bad gateway</html>"
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data) + 100 * (broken == "cut")))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = self.close_connection or broken == "cut"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def ladder_loop(app: Cascade, name: str) -> list[str]:
    """Take ten steps of one session on a ladder, and return the rungs that made the calls; fewer where one failed."""
    messages: list[Any] = [{"role": "user", "content": f"Look until you have seen enough. ({name})"}]
    rungs: list[str] = []
    for _ in range(STEPS):
        try:
            result = app.run(messages=messages, params={"tools": [TOOL], "max_tokens": 64}, session=name)
        except CascadeError:
            break
        if not result.tool_calls:
            break
        rungs.append(str(result.rung))
        answers = [{"role": "tool", "tool_call_id": call["id"], "content": "nothing yet"} for call in result.tool_calls]
        messages += [dict(result.message), *answers]
    return rungs


def faulty_loops(
    providers: Sequence[str], loops: int, fault: Callable[[int], Any], *, floor: Any = "exchange", at_once: int = 1
) -> tuple[list[list[str]], Counter[Any]]:
    """Return the rungs of many loops on a ladder of these providers, and what the providers counted."""
    seen: Counter[Any] = Counter()
    with serving(fault, seen) as base, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        price = Price(input_usd=1e-6, output_usd=1e-6)
        rungs = [
            Rung(MODELS[one], name=one, api_base=f"{base}/{one}", api_key="k-1234567890", price=price, timeout_s=20.0)
            for one in providers
        ]
        settings = Settings(session_floor=floor)
        with Cascade(Ladder(*rungs), verify=["schema"], settings=settings) as app, ThreadPoolExecutor(at_once) as pool:
            done = list(pool.map(lambda number: ladder_loop(app, f"s{number}"), range(loops)))
    return done, seen


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


@pytest.mark.parametrize("providers", [("openai", "anthropic"), ("anthropic", "openai")], ids="-".join)
def test_tool_loops_of_two_providers_are_finished_in_spite_of_faults_and_never_handed_down(providers):
    done, seen = faulty_loops(providers, 2, every_third)
    assert [len(rungs) for rungs in done] == [STEPS] * 2
    assert seen["fault"] >= seen[200] // 3
    assert seen[400] == 0, "a block of the other provider was sent"
    for rungs in done:
        assert sorted(rungs, key=providers.index) == rungs, "a lower rung went on with a higher one's tool calls"


def test_a_tool_loop_that_crosses_four_providers_is_refused_by_none():
    with serving() as base:
        messages = asyncio.run(loop(base, list(SPEAKERS), "auto"))
    assert len(messages) == 1 + 2 * STEPS
