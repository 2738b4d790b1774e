"""LlamaIndex's OpenAILike."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

MODEL = "cascade/default"


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def model(base: str, name: str = MODEL) -> Any:
    options: Any = {"is_chat_model": True, "is_function_calling_model": True, "context_window": 8192}
    return OpenAILike(model=name, api_base=f"{base}/v1", api_key="none", **options)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{city}: rain"


def chat(base: str, name: str = MODEL) -> str:
    return str(model(base, name).complete("Where?"))


def stream(base: str) -> list[str]:
    return [chunk.delta or "" for chunk in model(base).stream_chat([ChatMessage(role="user", content="Where?")])]


def tools(base: str) -> str:
    own, tool = model(base), FunctionTool.from_defaults(weather)
    history = [ChatMessage(role="user", content="Umbrella in Oslo?")]
    for _ in range(3):
        said = own.chat_with_tools([tool], chat_history=history)
        calls = own.get_tool_calls_from_response(said, error_on_no_tool_call=False)
        if not calls:
            return str(said.message.content)
        history.append(said.message)
        for call in calls:
            result = tool(**call.tool_kwargs)
            history.append(
                ChatMessage(role="tool", content=str(result), additional_kwargs={"tool_call_id": call.tool_id})
            )
    raise AssertionError(history)


def structured(base: str) -> dict[str, Any]:
    return dict(model(base).as_structured_llm(Order).complete("Two lamps.").raw.model_dump())
