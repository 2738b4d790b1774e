"""A loop of tool calls of LangChain's."""

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


llm = ChatOpenAI(model="gpt-4o", temperature=0)


def main() -> str:
    model, messages = llm.bind_tools([weather]), [HumanMessage("Do I need an umbrella in Oslo?")]
    while True:
        message = model.invoke(messages)
        messages.append(message)
        if not message.tool_calls:
            return message.text
        messages += [weather.invoke(call) for call in message.tool_calls]


if __name__ == "__main__":
    print(main())
