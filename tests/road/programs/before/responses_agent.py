"""An agent of OpenAI's Agents SDK, which speaks Responses."""

from agents import Agent, Runner, function_tool, set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI

set_default_openai_client(AsyncOpenAI())
set_tracing_disabled(True)


@function_tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def main() -> str:
    agent = Agent(name="forecaster", instructions="Be brief.", model="gpt-4o", tools=[weather])
    return Runner.run_sync(agent, "Do I need an umbrella in Oslo?").final_output


if __name__ == "__main__":
    print(main())
