"""A loop of tool calls of Anthropic's."""

import cascade
from anthropic import Anthropic

client = cascade.wrap(Anthropic(), task="weather")
TOOLS = [
    {
        "name": "weather",
        "description": "The weather in a city.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]


def weather(city: str) -> str:
    return f"rain in {city}"


def main() -> str:
    messages = [{"role": "user", "content": "Do I need an umbrella in Oslo?"}]
    while True:
        message = client.messages.create(
            model="claude-sonnet", max_tokens=500, system="Be brief.", messages=messages, tools=TOOLS
        )
        uses = [block for block in message.content if block.type == "tool_use"]
        if message.stop_reason != "tool_use":
            return "".join(block.text for block in message.content if block.type == "text")
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": weather(**use.input)} for use in uses]
        messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]


if __name__ == "__main__":
    print(main())
