"""OpenAI's library, responses."""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from pydantic import BaseModel

MODEL = "cascade/default"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def client(base: str) -> OpenAI:
    return OpenAI(api_key="none", base_url=f"{base}/v1")


def chat(base: str, model: str = MODEL) -> str:
    return client(base).responses.create(model=model, input="Where?").output_text


def stream(base: str) -> list[str]:
    events = client(base).responses.create(model=MODEL, input="Where?", stream=True)
    return [event.delta for event in events if event.type == "response.output_text.delta"]


def tools(base: str) -> str:
    own = client(base)
    given: list[Any] = [{"role": "user", "content": "Umbrella in Oslo?"}]
    for _ in range(3):
        answer = own.responses.create(model=MODEL, input=given, tools=[WEATHER])
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return answer.output_text
        given += answer.output
        for call in calls:
            city = json.loads(call.arguments)["city"]
            given.append({"type": "function_call_output", "call_id": call.call_id, "output": f"{city}: rain"})
    raise AssertionError(given)


def structured(base: str) -> dict[str, Any]:
    parsed = client(base).responses.parse(model=MODEL, input="Two lamps.", text_format=Order).output_parsed
    assert parsed is not None
    return parsed.model_dump()
