"""Lines of provider batches: written as the direct client asks, and read whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.anthropic_batches import as_line
from cascade.clients.batch_line import batch_line, batch_reply
from cascade.clients.provider_batches import ENDPOINT
from cascade.clients.request_writer import RequestWriter
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.usage import Price

CALL = ModelCall(rung="small", model="openai/gpt-4o-mini", messages=({"role": "user", "content": "?"},))
PRICE = Price(input_usd=1e-6, output_usd=1e-6)
BODY = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def line(**fields):
    return {"custom_id": "c", "response": {"status_code": 200, "body": BODY}, "error": None, **fields}


def test_a_call_is_a_line_with_the_providers_name_of_the_model():
    with RequestWriter() as writer:
        told, _ = batch_line(CALL, "c-1", writer)
    assert (told["custom_id"], told["url"], told["body"]["model"]) == ("c-1", ENDPOINT, "gpt-4o-mini")


def test_headers_of_a_calls_own_are_refused_since_a_line_has_none():
    for model in ("openai/m", "anthropic/claude-haiku-4-5"):
        call = ModelCall(rung="r", model=model, messages=(), params={"extra_headers": {"a": "b"}})
        with RequestWriter() as writer, pytest.raises(ConfigError, match="extra_headers"):
            batch_line(call, "c", writer)


def test_a_call_of_claude_is_what_litellm_sends_live_and_nothing_is_sent_or_fetched(ask, server):
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    history = (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "4"},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}],
        },
    )
    asked = [
        {"params": {"response_format": form}},
        {"params": {"tools": [tool], "tool_choice": "required"}},
        {"params": {"stop": ["x"], "max_tokens": 7, "temperature": 0.1}},
        {"params": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
        {"messages": history},
        {"model": "anthropic/claude-3-haiku-20240307", "params": {"response_format": form}},
    ]
    with RequestWriter() as writer:
        for fields in asked:
            own = {"model": "anthropic/claude-haiku-4-5", **fields}
            ask(**own)
            usual = {"rung": "small", "messages": ({"role": "user", "content": "Is it fine?"},), "price": PRICE}
            call = ModelCall(**{**usual, "api_base": server.url, "api_key": "k", **own})
            told, _ = batch_line(call, "c-1", writer)
            live = server.hits[-1]
            assert told["body"] == live.body
            assert ",".join(told["betas"]) == live.headers.get("anthropic-beta", "")
    assert len(server.hits) == len(asked)


CLAUDE = ModelCall(rung="small", model="anthropic/claude-haiku-4-5", messages=({"role": "user", "content": "?"},))
MESSAGE = {
    "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": [{"type": "text", "text": "4"}],
    "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ({"type": "expired"}, FailureKind.TIMEOUT),
        ({"type": "canceled"}, FailureKind.TIMEOUT),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error"}}}, FailureKind.SERVER),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "rate_limit_error"}}}, "rate_limited"),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "billing_error"}}}, FailureKind.QUOTA),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "authentication_error"}}}, FailureKind.AUTH),
        ({"type": "errored", "error": {"error": {"type": "invalid_request_error"}}}, FailureKind.BAD_REQUEST),
        ({"type": "errored", "error": {"error": {"type": "of_a_later_release"}}}, FailureKind.SERVER),
        ({"type": "errored", "error": None}, FailureKind.SERVER),
        ({"type": "of_a_later_release"}, FailureKind.SERVER),
        ({"type": "succeeded", "message": None}, FailureKind.SERVER),
        ({"type": "succeeded", "message": {"type": "message", "content": "?"}}, FailureKind.BAD_BODY),
    ],
)
def test_a_result_of_anthropic_without_an_answer_is_a_failure_of_its_kind(result, kind):
    reply = batch_reply(as_line({"custom_id": "c", "result": result}), CLAUDE, PRICE)
    assert isinstance(reply, CallFailure)
    assert reply.kind == kind


def test_a_message_of_anthropic_is_a_response_and_a_tool_that_stood_for_a_schema_its_text():
    for content, sent in (
        ([{"type": "text", "text": "4"}], {}),
        (
            [{"type": "text", "text": "So"}, {"type": "tool_use", "id": "t", "name": "json_tool_call", "input": 4}],
            {"tool_choice": {"type": "tool", "name": "json_tool_call"}},
        ),
    ):
        result = {"type": "succeeded", "message": {**MESSAGE, "content": content}}
        call = ModelCall(rung="small", model=CLAUDE.model, messages=CLAUDE.messages, params=sent)
        reply = batch_reply(as_line({"custom_id": "c", "result": result}), call, PRICE)
        assert isinstance(reply, Response)
        assert (reply.text, reply.usage.input_tokens, reply.tool_calls) == ("4", 5, ())
        assert reply.cost_usd == pytest.approx(5e-6 + 1e-6)


@given(JSON, JSON)
def test_whatever_a_result_of_anthropic_holds_is_a_response_or_a_failure(result, message):
    for told in ({"result": result}, {"result": {"type": "succeeded", "message": message}}, {"custom_id": result}):
        assert isinstance(batch_reply(as_line(told), CLAUDE, PRICE), Response | CallFailure)


@given(JSON, JSON, JSON, JSON)
def test_whatever_a_line_holds_is_a_response_or_a_failure_and_only_an_unreadable_answer_may_have_cost(
    response, error, status, body
):
    for told in (line(response=response, error=error), line(response={"status_code": status, "body": body})):
        reply = batch_reply(told, CALL, PRICE)
        assert isinstance(reply, Response) or reply.kind is FailureKind.BAD_BODY or not reply.maybe_charged


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (None, FailureKind.TIMEOUT),
        (line(response=None, error={"code": "batch_expired"}), FailureKind.TIMEOUT),
        (line(response={"status_code": 429, "body": {"error": {"message": "slow down"}}}), FailureKind.RATE_LIMITED),
        (line(response={"status_code": 503, "body": {}}), FailureKind.SERVER),
        (line(response={"status_code": 400, "body": {"error": {"message": "no"}}}), FailureKind.BAD_REQUEST),
        (line(response={"status_code": 200, "body": {"choices": []}}), FailureKind.BAD_BODY),
    ],
)
def test_a_line_without_an_answer_is_a_failure_of_its_kind(told, kind):
    reply = batch_reply(told, CALL, PRICE)
    assert isinstance(reply, CallFailure)
    assert reply.kind is kind


@given(st.floats(0, 1), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_batched_price_is_its_part_of_the_whole_and_never_dearer(discount, given_tokens, answered):
    from cascade.usage import Usage

    price = Price(input_usd=1e-6, output_usd=3e-6, cached_usd=1e-7, call_usd=1e-3, batch_discount=discount)
    usage = Usage(input_tokens=given_tokens, output_tokens=answered, cached_tokens=given_tokens // 2)
    whole = price.cost_usd(usage)
    assert price.batched().cost_usd(usage) == pytest.approx((1 - discount) * whole)


def test_a_discount_above_the_whole_price_is_refused():
    with pytest.raises(ConfigError, match="batch_discount"):
        Price(input_usd=1.0, output_usd=1.0, batch_discount=1.5)
