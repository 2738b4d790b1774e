"""Usage and cost as reported: taken where they can be true by what came, else ours is booked and said to be so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.chat import read_completion
from cascade.dialects.usage import Used, read_usage
from cascade.exchange import ModelCall
from cascade.usage import Price
from cascade.usage_bounds import least_tokens, most_tokens

CALL = ModelCall(rung="small", model="test/m", messages=({"role": "user", "content": "hi"},))
PRICE = Price(input_usd=1e-6, output_usd=5e-6, cached_usd=1e-7, cache_write_usd=1.25e-6)
WORDS = " ".join(f"words{i}" for i in range(800))
KEYS = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details",
        "cost", "cached_tokens", "cache_creation", "cost_in_usd_ticks", "estimated_cost", "service_tier")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "total_cost"]), inner),
    max_leaves=8,
)


def used(reported: object, *written: str, call: ModelCall = CALL, entries: int = 0, **body: object) -> Used:
    """Read a completion's usage."""
    return read_usage({"usage": reported, **body}, call=call, price=PRICE, written=written or ("ok",), entries=entries)


def told(prompt: object, answer: object, **more: object) -> dict[str, object]:
    """Return a usage in OpenAI's form."""
    return {"prompt_tokens": prompt, "completion_tokens": answer, **more}


@given(st.dictionaries(st.sampled_from(KEYS), JSON), JSON)
def test_any_usage_gives_parts_within_their_whole_and_a_cost_that_can_be_true(reported, tier):
    usage, cost_usd, _, _ = used(reported, "fine", service_tier=tier)
    assert 0 < usage.input_tokens < 10_000
    assert 0 < usage.output_tokens <= 1 << 17
    assert max(usage.cached_tokens, usage.cache_write_tokens, usage.image_tokens) <= usage.input_tokens
    assert usage.cache_write_hour_tokens <= usage.cache_write_tokens
    assert usage.reasoning_tokens <= usage.output_tokens
    assert 0 < cost_usd < 5


@pytest.mark.parametrize(
    "reported",
    [told(2, 9_999_999), told(9_999_999, 2), told(10**12, 10**12), told(-1, -1), told(2, 2, total_tokens=9_999_999)],
)
def test_more_than_can_be_true_is_booked_at_our_figure_and_told(reported):
    got = used(reported, "hi")
    assert got.cost_usd < 1e-4
    assert got.flags == ("usage_implausible",)


@pytest.mark.parametrize("reported", [told(1, 1), told(1, 40), told(3000, 100), told(1, 1, total_tokens=2)])
def test_less_than_the_text_proves_is_booked_at_our_figure_and_told(reported):
    call = replace(CALL, messages=({"role": "user", "content": WORDS},))
    got = used(reported, WORDS, call=call)
    assert got.usage.output_tokens > 1000
    assert got.usage.input_tokens > 1000
    assert got.flags == ("usage_implausible",)


PICTURE = {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {}}]}
SOUND = {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}
FUNCTION, SEARCH = {"type": "function", "function": {"name": "f"}}, {"type": "web_search"}


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 4096),
        ({"params": {"tools": [FUNCTION]}}, 4096),
        ({"params": {"extra_body": {"top_k": 3}}}, 4096),
        ({"messages": (PICTURE,)}, 65_536),
        ({"messages": (PICTURE, PICTURE)}, 131_072),
        ({"messages": (SOUND,)}, 9_000_000),
        ({"params": {"tools": [FUNCTION, SEARCH]}}, 9_000_000),
        ({"params": {"extra_body": {"plugins": [{"id": "web"}]}}}, 9_000_000),
        ({"params": {"web_search_options": {"size": "low"}}}, 9_000_000),
        ({"params": {"web_search_options": {"size": "low"}}, "model": "openai/gpt-5"}, 272_000),
    ],
)
def test_a_prompt_has_what_we_see_of_it_and_what_a_provider_can_add(changes, most):
    call = replace(CALL, **changes)
    assert used(told(most, 1), call=call).flags == ()
    if most < 9_000_000:
        assert used(told(2 * most, 1), call=call).flags == ("usage_implausible",)


@pytest.mark.parametrize(
    "limit", [{"max_tokens": 50}, {"max_completion_tokens": 50}, {"extra_body": {"max_tokens": 50}}]
)
def test_more_than_max_tokens_is_no_evidence_unless_the_text_proves_it(limit):
    call = replace(CALL, params=limit)
    assert used(told(2, 51), "hi", call=call).flags == ("usage_implausible",)
    assert used(told(2, 50), "hi", call=call).flags == ()
    kept_to_nothing = used(told(2, 1200), WORDS, call=call)
    assert (kept_to_nothing.usage.output_tokens, kept_to_nothing.flags) == (1200, ())


def test_log_probabilities_count_the_tokens_that_can_be_seen():
    got = used(told(2, 3), "a b c d e f g h", entries=8)
    assert (got.usage.output_tokens, got.flags) == (8, ("usage_implausible",))
    assert used(told(2, 300), "a b c d e f g h", entries=8).flags == (), "thinking has no entries"


@pytest.mark.parametrize("figure", [True, False, None, "many", [], {}])
def test_what_is_no_number_is_no_count(figure):
    got = used(told(figure, figure), "It is fine, as far as anybody can tell.")
    assert got.usage.estimated
    assert got.usage.output_tokens > 5
    assert got.flags == ("usage_estimated",)


@pytest.mark.parametrize("details", [{}, {"completion_tokens_details": {"reasoning_tokens": 300}}])
def test_thinking_that_only_the_total_tells_is_billed(details):
    got = used(told(10, 5, total_tokens=315, **details))
    assert (got.usage.output_tokens, got.usage.reasoning_tokens, got.flags) == (305, 300, ())


def test_a_total_that_holds_the_cache_beside_the_prompt_is_no_thinking():
    got = used(told(10, 5, total_tokens=915, cache_read_input_tokens=900))
    assert (got.usage.input_tokens, got.usage.output_tokens, got.usage.cached_tokens) == (910, 5, 900)


@pytest.mark.parametrize(
    "more",
    [
        {"cached_tokens": 900},
        {"prompt_cache_hit_tokens": 900, "prompt_cache_miss_tokens": 100},
        {"cache_read_input_tokens": 900},
        {"prompt_tokens_details": {"cached_tokens": 900}},
    ],
)
def test_a_read_cache_is_found_wherever_it_stands(more):
    assert used(told(1000, 5, **more)).usage.cached_tokens == 900


@pytest.mark.parametrize(
    "more",
    [
        {"cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 0}},
        {"prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 1000}}},
        {"cache_creation_input_tokens": 1000, "cache_creation": {"ephemeral_1h_input_tokens": 1000}},
    ],
)
def test_what_is_kept_in_the_cache_for_an_hour_costs_twice_the_input(more):
    assert used(told(1000, 0, **more), "").cost_usd == pytest.approx(1000 * 2e-6)


def test_other_cache_writes_cost_what_they_cost():
    inside = {"prompt_tokens_details": {"cache_creation_tokens": 400}}
    for more in (inside, {"cache_creation_input_tokens": 400}):
        assert used(told(1000, 0, **more), "").cost_usd == pytest.approx(600e-6 + 400 * 1.25e-6)


def test_a_cache_that_claims_more_than_the_prompt_is_clamped():
    got = used(told(10, 1, prompt_tokens_details={"cached_tokens": 99}))
    assert (got.usage.cached_tokens, got.flags) == (10, ("usage_clamped",))


def test_an_empty_answer_may_have_no_tokens():
    got = used(told(5, 0), "")
    assert (got.usage.output_tokens, got.flags) == (0, ())


@pytest.mark.parametrize(
    "cost",
    [
        {"cost": 0.005015},
        {"cost": {"request_cost": 0.005, "total_cost": 0.005015}},
        {"estimated_cost": 0.005015},
        {"cost_in_usd_ticks": 50_150_000},
    ],
)
def test_a_cost_that_is_reported_is_kept_and_booked_where_it_is_more_than_ours(cost):
    got = used(told(10, 5, **cost))
    assert got.cost_reported == got.cost_usd == pytest.approx(0.005015)
    assert got.flags == ()


def test_a_cost_below_ours_is_kept_and_not_booked():
    got = used(told(10, 5, cost=1e-9))
    assert (got.cost_reported, got.cost_usd) == (1e-9, pytest.approx(35e-6))


def test_a_cost_that_cannot_be_true_is_not_booked():
    got = used(told(10, 5, cost=100.0))
    assert (got.cost_reported, got.cost_usd) == (100.0, pytest.approx(35e-6))
    assert got.flags == ("usage_implausible",)


@pytest.mark.parametrize(
    ("asked", "served", "factor"),
    [(None, "priority", 2.0), ("priority", None, 2.0), ("priority", "default", 1.0), ("flex", "flex", 0.5),
     ("flex", None, 1.0), ("flex", "default", 1.0), ("auto", None, 1.0), (None, 7, 1.0)],
)  # fmt: skip
def test_a_service_tier_is_priced_as_the_one_that_served(asked, served, factor):
    call = replace(CALL, params={} if asked is None else {"service_tier": asked})
    price = replace(PRICE, flex_factor=0.5, priority_factor=2.0)
    body = {"usage": told(10, 5), "service_tier": served}
    assert read_usage(body, call=call, price=price, written=("ok",), entries=0).cost_usd == pytest.approx(
        35e-6 * factor
    )


def test_thinking_that_is_shown_and_not_counted_is_billed():
    message = {"role": "assistant", "content": "Yes.", "reasoning_content": WORDS}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": told(2, 2)}
    reply = read_completion(body, call=CALL, price=PRICE)
    assert reply.usage.output_tokens > 1000
    assert "usage_implausible" in reply.flags


@pytest.mark.parametrize("place", [{"choices": [{"usage": told(3, 4)}]}, {"x_groq": {"usage": told(3, 4)}}])
def test_a_usage_is_found_wherever_it_stands(place):
    got = read_usage(place, call=CALL, price=PRICE, written=("ok",), entries=0)
    assert (got.usage.input_tokens, got.usage.output_tokens, got.flags) == (3, 4, ())


TEXTS = (
    "It is fine.", WORDS, "\n" * 500, "=" * 1000, "-=-" * 300, "微信公众号" * 100, "हिन्दी भाषा " * 50, "ไทยภาษา" * 80,
    "العربية السلام عليكم" * 20, "telecommunications disproportionately " * 50, "🙂👍🏽" * 50,
    "def f(x):\n    return x\n" * 40,
    "a" * 100_000, "0123456789abcdef" * 10_000, "Grüße aus Österreich und der Schweiz. " * 2000, "ﷺ" * 40, "\ud800" * 5,
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_true_count_of_any_script_lies_within_the_bounds(text):
    from litellm.utils import encoding  # the tables of cl100k_base; nothing is fetched

    true = len(encoding.encode(text.encode("utf-8", "replace").decode(), disallowed_special=()))
    assert least_tokens(text) <= true <= most_tokens(text)
