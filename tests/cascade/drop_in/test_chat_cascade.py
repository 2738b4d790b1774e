"""ChatCascade: a chat model of LangChain's: tools, structured output, streams, sync and async."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from cascade.clients.scripted import scripted
from cascade.errors import BudgetExceeded
from cascade.guards.limits import Limits
from tests.cascade.drop_in.conftest import cascade_of

pytest.importorskip("langchain_core", reason="make clients runs it")

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from cascade.drop_in.chat_cascade import ChatCascade

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}


class Order(BaseModel):
    """An order."""

    item: str
    qty: int


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"{city}: rain"


def test_an_answer_has_its_decision_beside() -> None:
    with cascade_of(scripted("Fine.", cost_usd=0.25)) as app:
        model = ChatCascade(task="orders", app=app, options={"tags": {"a": "1"}}, params={"temperature": 0})
        said = model.invoke([SystemMessage("Be short."), HumanMessage("Well?")])
        again = asyncio.run(model.ainvoke("Well?"))
    assert said.content == again.content == "Fine."
    assert (said.response_metadata["cascade"]["rung"], said.response_metadata["cascade"]["cost_usd"]) == ("small", 0.25)
    assert said.usage_metadata is not None


def test_a_stream_joins_to_the_answer() -> None:
    text = "one two three " * 20

    async def pieces() -> list[Any]:
        return [chunk async for chunk in model.astream("Well?")]

    with cascade_of(text.strip()) as app:
        model = ChatCascade(app=app)
        chunks, again = [*model.stream("Well?")], asyncio.run(pieces())
    for read in (chunks, again):
        assert len(read) > 3
        assert "".join(str(chunk.content) for chunk in read) == text.strip()


def test_a_loop_of_tools_goes_on_with_their_results() -> None:
    with cascade_of(scripted("", tool_calls=(CALL,))) as app:
        model: Any = ChatCascade(app=app).bind_tools([weather])
        said = model.invoke("Umbrella?")
        (chunk,) = [one for one in model.stream("Umbrella?") if one.tool_call_chunks]
        history = [
            HumanMessage("Umbrella?"),
            said,
            ToolMessage(weather.invoke(said.tool_calls[0]["args"]), tool_call_id="c1"),
        ]
        assert isinstance(model.invoke(history), AIMessage)
    assert (
        said.tool_calls
        == chunk.tool_calls
        == [{"name": "weather", "args": {"city": "Oslo"}, "id": "c1", "type": "tool_call"}]
    )


def test_structured_output_is_verified_and_parsed() -> None:
    with cascade_of('{"item": "lamp", "qty": "two"}', top='{"item": "lamp", "qty": 2}') as app:
        found = ChatCascade(app=app).with_structured_output(Order).invoke("Two lamps.")
    assert found == Order(item="lamp", qty=2)


def test_errors_are_the_cascades_own() -> None:
    with cascade_of(limits=Limits(usd_per_day=0.0)) as app, pytest.raises(BudgetExceeded):
        ChatCascade(app=app).invoke("Well?")
