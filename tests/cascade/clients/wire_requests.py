"""One request per provider and set of parameters, as it goes out by each client; run as a program, it records them.

python -m tests.cascade.clients.wire_requests
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from cascade.clients import Client
from cascade.clients.direct import DirectClient
from cascade.clients.providers import PROVIDERS
from cascade.exchange import ModelCall
from cascade.usage import Price
from tests.faults.server import Server

RECORDED = Path(__file__).parents[2] / "fixtures" / "providers" / "requests"
KEY = "sk-test-4f9a8b7c6d5e"
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
OF_A_CONNECTION = {"host", "content-length", "user-agent", "accept", "accept-encoding", "connection"}

_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
_TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "d", "parameters": _PARAMETERS, "strict": True},
}
_FORM = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": _PARAMETERS}}
_USER = {"role": "user", "content": "Is it fine?"}
_PICTURE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
    ],
}
_CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lyon"}'}}],
}
_CHAT = (_USER, _CALLED, {"role": "tool", "tool_call_id": "c_1", "content": "sunny"})

SETS: dict[str, tuple[dict[str, Any], tuple[dict[str, Any], ...]]] = {
    "plain": ({}, (_USER,)),
    "system": ({}, ({"role": "system", "content": "Be brief."}, _USER)),
    "temperature": ({"temperature": 0.2, "max_tokens": 50}, (_USER,)),
    "top_p": ({"top_p": 0.9}, (_USER,)),
    "max_completion_tokens": ({"max_completion_tokens": 50}, (_USER,)),
    "tools": ({"tools": [_TOOL], "tool_choice": "auto"}, (_USER,)),
    "one_tool": ({"tools": [_TOOL], "tool_choice": {"type": "function", "function": {"name": "weather"}}}, (_USER,)),
    "tool_loop": ({"tools": [_TOOL]}, _CHAT),
    "json_object": ({"response_format": {"type": "json_object"}}, (_USER,)),
    "json_schema": ({"response_format": _FORM}, (_USER,)),
    "stop": ({"stop": ["END", "STOP"]}, (_USER,)),
    "seed": ({"seed": 7}, (_USER,)),
    "n": ({"n": 2}, (_USER,)),
    "penalties": ({"frequency_penalty": 0.5, "presence_penalty": 0.25}, (_USER,)),
    "logprobs": ({"logprobs": True, "top_logprobs": 5}, (_USER,)),
    "picture": ({}, (_PICTURE,)),
    "reasoning_effort": ({"reasoning_effort": "low"}, (_USER,)),
    "extra_body": ({"extra_body": {"top_k": 5}}, (_USER,)),
    "extra_headers": ({"extra_headers": {"X-Team": "red"}}, (_USER,)),
    "user": ({"user": "u1"}, (_USER,)),
    "metadata": ({"metadata": {"feature": "f"}}, (_USER,)),
    "unknown": ({"top_k": 5, "min_p": 0.1}, (_USER,)),
}
"""Parameters and messages, by name."""

MODELS = [f"{provider}/any" for provider in PROVIDERS] + ["openai/gpt-4o-mini", "openai/gpt-5-nano", "openai/o3-mini"]


def call(model: str, name: str, base: str) -> ModelCall:
    """Make the call of one model and set of parameters."""
    params, messages = SETS[name]
    return ModelCall(rung="r", model=model, messages=messages, params=params, api_base=base, api_key=KEY, price=PRICE)


def requests(client: Client, models: list[str], names: list[str]) -> dict[tuple[str, str], dict[str, Any] | None]:
    """Return what arrives at a server, by model and set; None: the client refused to send it."""

    async def run() -> dict[tuple[str, str], dict[str, Any] | None]:
        arrived = {}
        with Server(mode="ok") as server:
            for model in models:
                for name in names:
                    server.hits.clear()
                    await client.ask(call(model, name, server.url))
                    hit = server.hits[0] if server.hits else None
                    arrived[model, name] = hit and {"path": hit.path, "headers": hit.headers, "body": hit.body}
            await client.aclose()
        return arrived

    return asyncio.run(run())


def recordable(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what differs from connection to connection."""
    headers = {name: value for name, value in request["headers"].items() if name not in OF_A_CONNECTION}
    return {**request, "headers": headers}


if __name__ == "__main__":
    RECORDED.mkdir(parents=True, exist_ok=True)
    for (model, _), arrived in requests(DirectClient(), MODELS[: len(PROVIDERS)], ["temperature"]).items():
        path = RECORDED / f"{model.partition('/')[0]}.json"
        path.write_text(json.dumps(recordable(arrived or {}), indent=2) + "\n", encoding="utf-8")
