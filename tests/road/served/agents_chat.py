"""OpenAI's Agents SDK on chat completions."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel

MODEL = "cascade/default"
set_tracing_disabled(True)


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


def model(base: str, name: str = MODEL) -> Any:
    return OpenAIChatCompletionsModel(name, AsyncOpenAI(api_key="none", base_url=f"{base}/v1"))


def chat(base: str, name: str = MODEL) -> str:
    return str(Runner.run_sync(Agent(name="a", model=model(base, name)), "Where?").final_output)


def stream(base: str) -> list[str]:
    async def run() -> list[str]:
        found = Runner.run_streamed(Agent(name="a", model=model(base)), "Where?")
        events = [event async for event in found.stream_events() if event.type == "raw_response_event"]
        return [event.data.delta for event in events if event.data.type == "response.output_text.delta"]

    return asyncio.run(run())


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"{city}: rain"


def tools(base: str) -> str:
    agent = Agent(name="a", model=model(base), tools=[weather])
    return str(Runner.run_sync(agent, "Umbrella in Oslo?").final_output)


def structured(base: str) -> dict[str, Any]:
    agent = Agent(name="a", model=model(base), output_type=Order)
    return dict(Runner.run_sync(agent, "Two lamps.").final_output.model_dump())
