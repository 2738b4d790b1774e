"""LiteLLM, as a client."""

from __future__ import annotations

import json
from typing import Any

import litellm
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


def ask(base: str, content: str, model: str = MODEL, **options: Any) -> Any:
    given = {"messages": [{"role": "user", "content": content}], **options}
    return litellm.completion(f"openai/{model}", api_base=f"{base}/v1", api_key="none", max_retries=2, **given)


def chat(base: str, model: str = MODEL) -> str:
    return str(ask(base, "Where?", model).choices[0].message.content)


def stream(base: str) -> list[str]:
    return [chunk.choices[0].delta.content or "" for chunk in ask(base, "Where?", stream=True)]


def tools(base: str) -> str:
    messages: list[Any] = [{"role": "user", "content": "Umbrella in Oslo?"}]
    for _ in range(3):
        said = ask(base, "", messages=messages, tools=[WEATHER]).choices[0].message
        if not said.tool_calls:
            return str(said.content)
        messages.append(said.model_dump(exclude_none=True))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in said.tool_calls]
    raise AssertionError(messages)


def structured(base: str) -> dict[str, Any]:
    return dict(json.loads(ask(base, "Two lamps.", response_format=Order).choices[0].message.content))
