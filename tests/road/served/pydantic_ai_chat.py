"""pydantic-ai on chat completions."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

MODEL = "cascade/default"


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def model(base: str, name: str = MODEL) -> Any:
    return OpenAIChatModel(name, provider=OpenAIProvider(base_url=f"{base}/v1", api_key="none"))


def chat(base: str, name: str = MODEL) -> str:
    return str(Agent(model(base, name)).run_sync("Where?").output)


def stream(base: str) -> list[str]:
    async def run() -> list[str]:
        async with Agent(model(base)).run_stream("Where?") as found:
            return [piece async for piece in found.stream_text(delta=True)]

    return asyncio.run(run())


def tools(base: str) -> str:
    agent = Agent(model(base))

    @agent.tool_plain
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"{city}: rain"

    return str(agent.run_sync("Umbrella in Oslo?").output)


def structured(base: str) -> dict[str, Any]:
    found: Any = Agent(model(base), output_type=Order).run_sync("Two lamps.").output
    return dict(found.model_dump())
