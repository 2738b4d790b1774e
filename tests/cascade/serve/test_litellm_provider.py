"""The cascade as a provider of LiteLLM's: its own values, whole cost, streams, tools, errors."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cascade.clients.scripted import scripted
from cascade.engine.cascade import Cascade
from cascade.errors import BudgetExceeded
from cascade.guards.limits import Limits
from tests.cascade.drop_in.conftest import cascade_of

litellm = pytest.importorskip("litellm")

from cascade.serve.litellm_provider import CascadeProvider  # noqa: E402 - it needs litellm

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
HI = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


@pytest.fixture
def app() -> Iterator[Cascade]:
    with cascade_of(scripted("", cost_usd=0.25), top=scripted("one two three", cost_usd=0.5)) as app:
        yield provided(app)


def provided(app: Cascade) -> Cascade:
    litellm.custom_provider_map = [{"provider": "cascade", "custom_handler": CascadeProvider(app)}]
    litellm.utils.custom_llm_setup()
    return app


def test_a_completion_has_litellms_class_and_the_cost_of_all_calls(app: Cascade) -> None:
    for response in (
        litellm.completion("cascade/orders", HI, temperature=0),
        asyncio.run(litellm.acompletion("cascade/orders", HI, timeout=9)),
    ):
        assert isinstance(response, litellm.ModelResponse)
        assert response.choices[0].message.content == "one two three"
        assert response._hidden_params["response_cost"] == 0.75


def test_a_stream_ends_with_usage_and_cost(app: Cascade) -> None:
    async def read() -> list[Any]:
        asked = await litellm.acompletion("cascade/orders", HI, stream=True, stream_options={"include_usage": True})
        return [chunk async for chunk in asked]

    chunks = asyncio.run(read())
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "one two three"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason] == [
        "stop"
    ]
    assert chunks[-1].usage.cost == 0.75


def test_calls_of_tools_come_through_whole_and_streamed() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    with cascade_of(scripted("", tool_calls=(call,), cost_usd=0.1)) as app:
        provided(app)
        whole = litellm.completion("cascade/orders", HI, tools=TOOLS)
        chunks = [*litellm.completion("cascade/orders", HI, tools=TOOLS, stream=True)]
    for said in (whole, litellm.stream_chunk_builder(chunks)):
        (found,) = said.choices[0].message.tool_calls
        assert (found.function.name, found.function.arguments) == ("weather", '{"city": "Oslo"}')


def test_errors_are_litellms_own_with_ours_inside() -> None:
    with cascade_of(limits=Limits(usd_per_day=0.0)) as app:
        provided(app)
        with pytest.raises(litellm.RateLimitError) as error:
            litellm.completion("cascade/orders", HI, num_retries=0)
        with pytest.raises(litellm.BadRequestError, match="'n'"):
            litellm.completion("cascade/orders", HI, n=17)
    assert BudgetExceeded.__name__ in repr(error.value.__context__) or "budget" in str(error.value)
    assert "cascade.serve.litellm_provider" in sys.modules
