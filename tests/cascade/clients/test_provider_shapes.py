"""Every provider's answers and errors are read into the same values, whichever client asked."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.exchange import Response
from cascade.failure import CallFailure
from tests.cascade.clients.provider_shapes import SHAPES, Asked, ask_all, cases, recorded

PROVIDERS = recorded()


@pytest.fixture(scope="module")
def replies() -> dict[Asked, Response | CallFailure]:
    return ask_all(PROVIDERS)


def test_there_are_shapes_of_at_least_fourteen_providers_each_with_its_source() -> None:
    assert len(PROVIDERS) >= 14
    for name, one in PROVIDERS.items():
        assert {*one["shapes"], *one["without"]} == set(SHAPES), name
        assert all(shape["source"] for shape in one["shapes"].values())


@pytest.mark.parametrize("asked", cases(PROVIDERS), ids="-".join)
def test_a_shape_is_read_as_what_it_means(replies: dict[Asked, Response | CallFailure], asked: Asked) -> None:
    expected = PROVIDERS[asked.provider]["shapes"][asked.shape]["expected"]
    reply = replies[asked]
    if "failure" in expected:
        assert isinstance(reply, CallFailure), reply
        assert reply.kind == expected["failure"], reply
        assert reply.message
        assert reply.maybe_charged is False
        return
    assert isinstance(reply, Response), reply
    assert {name: _found(reply, name) for name in expected} == {name: _near(value) for name, value in expected.items()}
    assert reply.cost_usd
    assert reply.flags in {(), ("other_model",)} or "server_tool" in expected or asked.shape == "filter"


def _found(reply: Response, name: str) -> Any:
    if name == "tool":
        (call,) = reply.tool_calls
        return call["function"]["name"]
    if name == "logprobs":
        return [token.logprob for token in reply.logprobs or ()]
    if name == "thinking":
        return bool(reply.message.get("reasoning_content") or reply.message.get("reasoning")) or isinstance(
            reply.message.get("content"), list
        )
    if name == "server_tool":
        return next(flag.partition(":")[2] for flag in reply.flags if flag.startswith("server_tool:"))
    return getattr(reply.usage if name.endswith("_tokens") else reply, name)


def _near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-6) if isinstance(value, float | list) else value


CLAUDE = {"type": "message", "content": [{"type": "text", "text": "Paris."}], "stop_reason": "end_turn", "model": "m"}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "Paris."}], "role": "model"}, "finishReason": "STOP"}]}


@pytest.mark.parametrize(
    ("model", "body"), [("anthropic/claude-haiku-4-5", CLAUDE), ("gemini/gemini-2.5-flash", GEMINI)]
)
@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {}, "usageMetadata": {}}])
def test_an_answer_without_usage_is_kept_and_priced_by_our_own_estimate(model: str, body: Any, usage: Any) -> None:
    shape = {"status": 200, "body": {**body, **usage}, "source": "-", "expected": {}}
    ((_, reply),) = ask_all(
        {"x": {"model": model, "base": "", "clients": ["litellm"], "shapes": {"answer": shape}}}
    ).items()
    assert isinstance(reply, Response), reply
    assert (reply.text, reply.tries, reply.usage.estimated) == ("Paris.", 1, True)
    assert "usage_estimated" in reply.flags
    assert reply.cost_usd


@pytest.mark.parametrize("client", ["direct", "litellm"])
def test_half_an_emoji_in_a_prompt_is_sent(client: str) -> None:
    shape = PROVIDERS["openai"]["shapes"]["answer"]
    one = {"model": "openai/m", "base": "/v1", "clients": [client], "shapes": {"answer": shape}}
    ((_, reply),) = ask_all({"x": one}, prompt="well done \ud83d").items()
    assert isinstance(reply, Response), reply
