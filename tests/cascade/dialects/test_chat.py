"""How untrusted JSON is read into a response: whatever it is, the result is usable and never free of charge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.chat import MOST_TOKENS, read_completion, read_logprobs, read_usage, same_model
from cascade.exchange import ModelCall, Response
from cascade.usage import Price

CALL = ModelCall(rung="small", model="openai/gpt-4o-mini", messages=({"role": "user", "content": "Is it fine?"},))
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
USAGE_KEYS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
)
DETAILS = st.fixed_dictionaries({}, optional={"cached_tokens": JSON, "reasoning_tokens": JSON, "image_tokens": JSON})


def body(**fields):
    return {"choices": [{"message": {"role": "assistant", "content": "fine", **fields}, "finish_reason": "stop"}]}


@given(JSON)
def test_any_body_is_a_response_or_a_failure(anything):
    for completion in (anything, {"choices": anything}, {"choices": [anything]}, {"choices": [{"message": anything}]}):
        reply = read_completion(completion, call=CALL, price=PRICE)
        assert isinstance(reply, Response) or reply.kind == "bad_body"


@given(st.dictionaries(st.sampled_from(USAGE_KEYS), JSON | DETAILS))
def test_any_usage_gives_parts_within_their_whole_and_a_positive_cost(reported):
    usage, _ = read_usage(reported, call=CALL, written=["fine"])
    assert 0 < usage.input_tokens <= MOST_TOKENS
    assert 0 < usage.output_tokens <= 2 * MOST_TOKENS
    assert max(usage.cached_tokens, usage.cache_write_tokens, usage.image_tokens) <= usage.input_tokens
    assert usage.reasoning_tokens <= usage.output_tokens
    assert PRICE.cost_usd(usage) > 0


@given(JSON, JSON)
def test_any_log_probability_is_a_number_or_nan(logprob, token):
    (read,) = read_logprobs({"content": [{"token": token, "logprob": logprob, "top_logprobs": token}]})
    assert isinstance(read.logprob, float)
    assert read.token is None or isinstance(read.token, str)


def test_log_probabilities_as_text_are_read():
    read = read_logprobs({"content": [{"token": "a", "logprob": "-0.5"}, {"token": "b", "logprob": "low"}]})
    assert read[0].logprob == -0.5
    assert math.isnan(read[1].logprob)


def test_a_cache_that_claims_more_than_the_prompt_is_clamped():
    reported = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 99}}
    usage, flags = read_usage(reported, call=CALL, written=["fine"])
    assert (usage.cached_tokens, flags) == (10, ("usage_clamped",))


def test_cache_writes_are_read_from_either_place():
    inside = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cache_creation_tokens": 4}}
    beside = {
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 3,
    }
    assert read_usage(inside, call=CALL, written=["x"])[0].cache_write_tokens == 4
    assert read_usage(beside, call=CALL, written=["x"])[0].cached_tokens == 3


def test_reasoning_that_was_left_out_of_the_answer_is_added():
    reported = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 37}
    usage, _ = read_usage({**reported, "completion_tokens_details": {"reasoning_tokens": 30}}, call=CALL, written=["x"])
    assert (usage.output_tokens, usage.reasoning_tokens) == (32, 30)


def test_an_empty_answer_may_have_no_tokens():
    usage, flags = read_usage({"prompt_tokens": 5, "completion_tokens": 0}, call=CALL, written=[""])
    assert (usage.output_tokens, flags) == (0, ())


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
        "provider_specific_fields": {"thought_signatures": ["t"]},
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
