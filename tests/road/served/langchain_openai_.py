"""LangChain's ChatOpenAI."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

MODEL = "cascade/default"


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"{city}: rain"


def model(base: str, name: str = MODEL) -> Any:
    return ChatOpenAI(model=name, base_url=f"{base}/v1", api_key="none")


def chat(base: str, name: str = MODEL) -> str:
    return str(model(base, name).invoke("Where?").content)


def stream(base: str) -> list[str]:
    return [str(chunk.content) for chunk in model(base).stream("Where?")]


def tools(base: str) -> str:
    own = model(base).bind_tools([weather])
    messages: list[Any] = [("user", "Umbrella in Oslo?")]
    for _ in range(3):
        said = own.invoke(messages)
        if not said.tool_calls:
            return str(said.content)
        messages.append(said)
        messages += [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in said.tool_calls]
    raise AssertionError(messages)


def structured(base: str) -> dict[str, Any]:
    found = model(base).with_structured_output(Order).invoke("Two lamps.")
    return dict(found.model_dump())
