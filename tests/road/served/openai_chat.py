"""OpenAI's library, chat completions."""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from pydantic import BaseModel

MODEL = "cascade/default"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def client(base: str) -> OpenAI:
    return OpenAI(api_key="none", base_url=f"{base}/v1")


def chat(base: str, model: str = MODEL) -> str:
    answer = client(base).chat.completions.create(model=model, messages=[{"role": "user", "content": "Where?"}])
    return answer.choices[0].message.content or ""


def stream(base: str) -> list[str]:
    ask: Any = [{"role": "user", "content": "Where?"}]
    chunks = client(base).chat.completions.create(model=MODEL, messages=ask, stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]


def tools(base: str) -> str:
    own, messages = client(base), [{"role": "user", "content": "Umbrella in Oslo?"}]
    for _ in range(3):
        asked: Any = {"model": MODEL, "messages": messages, "tools": [WEATHER]}
        said = own.chat.completions.create(**asked).choices[0].message
        if not said.tool_calls:
            return said.content or ""
        messages.append(said.model_dump(exclude_none=True))
        for call in said.tool_calls:
            city = json.loads(call.function.arguments)["city"]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": f"{city}: rain"})
    raise AssertionError(messages)


def structured(base: str) -> dict[str, Any]:
    ask: Any = [{"role": "user", "content": "Two lamps."}]
    answer = client(base).chat.completions.parse(model=MODEL, messages=ask, response_format=Order)
    parsed = answer.choices[0].message.parsed
    assert parsed is not None
    return parsed.model_dump()
