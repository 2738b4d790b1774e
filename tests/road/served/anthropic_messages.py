"""Anthropic's library."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic
from pydantic import BaseModel

MODEL = "cascade/default"
WEATHER: Any = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def client(base: str) -> Anthropic:
    return Anthropic(api_key="none", base_url=base)


def chat(base: str, model: str = MODEL) -> str:
    ask: Any = [{"role": "user", "content": "Where?"}]
    return "".join(
        block.text
        for block in client(base).messages.create(model=model, max_tokens=99, messages=ask).content
        if block.type == "text"
    )


def stream(base: str) -> list[str]:
    ask: Any = [{"role": "user", "content": "Where?"}]
    with client(base).messages.stream(model=MODEL, max_tokens=99, messages=ask) as events:
        return list(events.text_stream)


def tools(base: str) -> str:
    own = client(base)
    messages: list[Any] = [{"role": "user", "content": "Umbrella in Oslo?"}]
    for _ in range(3):
        answer = own.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=[WEATHER])
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in answer.content if block.type == "text")
        messages.append({"role": "assistant", "content": answer.content})
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in calls]
        messages.append({"role": "user", "content": results})
    raise AssertionError(messages)


def structured(base: str) -> dict[str, Any]:
    ask: Any = [{"role": "user", "content": "Two lamps."}]
    parsed = client(base).messages.parse(model=MODEL, max_tokens=99, messages=ask, output_format=Order).parsed_output
    assert parsed is not None
    return parsed.model_dump()
