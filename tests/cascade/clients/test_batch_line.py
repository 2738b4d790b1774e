"""Lines of provider batches: written as the direct client asks, and read whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.batch_line import batch_line, batch_reply
from cascade.clients.provider_batches import ENDPOINT
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
    told, _ = batch_line(CALL, "c-1")
    assert (told["custom_id"], told["url"], told["body"]["model"]) == ("c-1", ENDPOINT, "gpt-4o-mini")


def test_headers_of_a_calls_own_are_refused_since_a_line_has_none():
    with pytest.raises(ConfigError, match="extra_headers"):
        batch_line(ModelCall(rung="r", model="openai/m", messages=(), params={"extra_headers": {"a": "b"}}), "c")


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
