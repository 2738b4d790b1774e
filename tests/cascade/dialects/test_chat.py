"""How untrusted JSON is read into a response: whatever it is, the result is usable and never free of charge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.chat import read_completion, same_model
from cascade.dialects.logprobs import read_logprobs
from cascade.exchange import ModelCall, Response
from cascade.usage import Price

CALL = ModelCall(rung="small", model="openai/gpt-4o-mini", messages=({"role": "user", "content": "Is it fine?"},))
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def body(**fields):
    return {"choices": [{"message": {"role": "assistant", "content": "fine", **fields}, "finish_reason": "stop"}]}


@given(JSON)
def test_any_body_is_a_response_or_a_failure(anything):
    for completion in (anything, {"choices": anything}, {"choices": [anything]}, {"choices": [{"message": anything}]}):
        reply = read_completion(completion, call=CALL, price=PRICE)
        assert isinstance(reply, Response) or reply.kind == "bad_body"


@given(JSON, JSON)
def test_any_log_probability_is_a_number_or_nan(logprob, token):
    (read,) = read_logprobs({"content": [{"token": token, "logprob": logprob, "top_logprobs": token}]})
    assert isinstance(read.logprob, float)
    assert read.token is None or isinstance(read.token, str)


def test_log_probabilities_as_text_are_read():
    read = read_logprobs({"content": [{"token": "a", "logprob": "-0.5"}, {"token": "b", "logprob": "low"}]})
    assert read[0].logprob == -0.5
    assert math.isnan(read[1].logprob)


def test_content_in_parts_is_joined():
    assert (
        read_completion(body(content=[{"type": "text", "text": "a"}, {"type": "x"}]), call=CALL, price=PRICE).text
        == "a"
    )


def test_the_message_for_the_history_keeps_what_the_provider_needs_back():
    blocks = [{"type": "thinking", "thinking": "…", "signature": "s"}]
    own = {"thought_signatures": ["t"], "refusal": None}
    message = body(thinking_blocks=blocks, tool_calls=None, function_call=None, provider_specific_fields=own)
    assert read_completion(message, call=CALL, price=PRICE).message == {
        "role": "assistant",
        "content": "fine",
        "thinking_blocks": blocks,
        "provider_specific_fields": {"thought_signatures": ["t"], "family": "openai"},
    }


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("network_error", "network_error"),
        ("MALFORMED_RESPONSE", "MALFORMED_RESPONSE"),
    ],
)
def test_a_laundered_reason_for_stopping_is_told(native, reason):
    completion = body()
    completion["choices"][0]["provider_specific_fields"] = {"native_finish_reason": native}
    assert read_completion(completion, call=CALL, price=PRICE).finish_reason == reason


@pytest.mark.parametrize(
    ("requested", "reported", "same"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18", True),
        ("openai/gpt-4o", "gpt-4o-mini", False),
        ("openai/gpt-4", "gpt-4-0613", True),
        ("anthropic/claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", True),
        ("anthropic/claude-haiku-4-5", "claude-opus-4-5", False),
        ("openrouter/openai/gpt-4o-mini", "openai/gpt-4o-mini", True),
        ("azure/our-deployment", "gpt-4o-2024-08-06", True),
    ],
)
def test_models_are_compared_by_family(requested, reported, same):
    assert same_model(requested, reported) is same
