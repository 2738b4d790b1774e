"""instructor, by tools and by JSON Schema."""

from __future__ import annotations

from typing import Any

import instructor
from openai import OpenAI
from pydantic import BaseModel

MODEL = "cascade/default"


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def client(base: str, mode: Any = instructor.Mode.TOOLS) -> Any:
    return instructor.from_openai(OpenAI(api_key="none", base_url=f"{base}/v1"), mode=mode)


def chat(base: str, model: str = MODEL) -> str:
    ask = [{"role": "user", "content": "Where?"}]
    return str(client(base).create(model=model, messages=ask, response_model=None).choices[0].message.content)


def stream(base: str) -> list[str]:
    ask = [{"role": "user", "content": "Two lamps."}]
    found = list(client(base).create_partial(model=MODEL, messages=ask, response_model=Order))
    return ["Oslo"] if found[-1].item == "lamp" else [str(found)]


def structured(base: str) -> dict[str, Any]:
    ask = [{"role": "user", "content": "Two lamps."}]
    found = [
        client(base, mode).create(model=MODEL, messages=ask, response_model=Order).model_dump()
        for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA)
    ]
    assert found[0] == found[1] == found[2]
    return dict(found[0])
