"""completion() and acompletion(): what code of LiteLLM gets back is LiteLLM's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import cascade
from cascade.clients.scripted import scripted
from cascade.errors import BudgetExceeded
from cascade.guards.limits import Limits
from tests.cascade.drop_in.conftest import cascade_of

litellm = pytest.importorskip("litellm")

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
HI = [{"role": "user", "content": "hi"}]


def test_completion_returns_litellms_response_with_the_whole_cost():
    with cascade_of(scripted("", cost_usd=0.25), top=scripted("At the top.", cost_usd=0.5)) as app:
        response = cascade.completion("cascade/orders", HI, app=app, temperature=0, timeout=9)
    assert isinstance(response, litellm.ModelResponse)
    assert response.choices[0].message.content == "At the top."
    assert response._hidden_params["response_cost"] == 0.75
    assert response.cascade["rung"] == "top"


def test_acompletion_is_the_same():
    with cascade_of() as app:
        response = asyncio.run(cascade.acompletion(model="cascade/orders", messages=HI, app=app))
    assert response.choices[0].message.content == "Fine."
    assert litellm.stream_chunk_builder is not None


def test_streams_are_litellms_chunks():
    async def pieces() -> list[Any]:
        return [chunk async for chunk in await cascade.acompletion("cascade/orders", HI, app=app, stream=True)]

    with cascade_of("one two three") as app:
        chunks = [*cascade.completion("cascade/orders", HI, app=app, stream=True)]
        again = asyncio.run(pieces())
    for read in (chunks, again):
        assert "".join(chunk.choices[0].delta.content or "" for chunk in read) == "one two three"
    assert litellm.stream_chunk_builder(chunks).choices[0].message.content == "one two three"


def test_our_own_options_travel_in_extra_body():
    with cascade_of() as app:
        extra = {"cascade": {"task": "invoices", "tags": {"a": "1"}}}
        assert cascade.completion("cascade/orders", HI, app=app, extra_body=extra).cascade["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"model": "gpt-4o"}, "BadRequestError"),
        ({"model": "cascade/orders", "api_base": "http://elsewhere"}, "BadRequestError"),
        ({"model": "cascade/orders", "n": 2}, "BadRequestError"),
        ({"model": "cascade/orders", "timeout": 0.05}, "Timeout"),
    ],
)
def test_errors_are_litellms_own(options, kind):
    async def slow(call: Any) -> str:
        await asyncio.sleep(30)
        return ""

    with cascade_of(slow) as app, pytest.raises(getattr(litellm.exceptions, kind)) as raised:
        cascade.completion(messages=HI, app=app, **options)
    assert isinstance(raised.value.__cause__, cascade.CascadeError)


def test_a_spent_budget_is_a_rate_limit_error():
    with cascade_of(limits=Limits(usd_per_day=0.0)) as app, pytest.raises(litellm.RateLimitError) as raised:
        cascade.completion("cascade/orders", HI, app=app)
    assert isinstance(raised.value.__cause__, BudgetExceeded)
