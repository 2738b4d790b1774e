"""Prices: by the requested model, never 0 for want of knowledge, every kind of token at its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import UnknownPrice
from cascade.exchange import ModelCall
from cascade.prices import (
    PriceBook,
    bundled_price,
    bundled_window,
    estimate_prompt_tokens,
    estimate_tokens,
    ladder_order_concern,
    worst_case_usd,
)
from cascade.usage import Price, Usage

OWN = Price(input_usd=1.0, output_usd=2.0)


def test_the_rung_s_price_goes_before_the_book_s_and_both_before_the_tables():
    book = PriceBook({"openai/gpt-4o-mini": Price(input_usd=3.0, output_usd=4.0)})
    assert book.quote("openai/gpt-4o-mini", OWN).price == OWN
    assert book.price("openai/gpt-4o-mini").input_usd == 3.0
    assert PriceBook().price("openai/gpt-4o-mini").input_usd == pytest.approx(0.15e-6)


def test_an_explicit_price_of_0_is_a_price():
    free = Price(input_usd=0.0, output_usd=0.0)
    assert PriceBook().quote("openai/mine", free).price == free


def test_the_provider_s_prefix_may_be_missing_where_litellm_needs_none():
    assert PriceBook().quote("gpt-4o-mini") == PriceBook().quote("openai/gpt-4o-mini")


def test_what_the_pinned_table_lacks_is_read_from_litellm_s_bundled_map():
    quote = PriceBook().quote("openai/gpt-4o-mini-2024-07-18")
    assert quote.source == "litellm's bundled map"
    assert quote.price.input_usd == pytest.approx(0.15e-6)


def test_the_bundled_map_is_read_without_importing_litellm():
    script = (
        "import sys; from cascade.prices import PriceBook; PriceBook().price('openai/gpt-4o-mini-2024-07-18'); "
        "assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": "."})


@pytest.mark.parametrize("model", ["openai/nobody-has-this", "hosted_vllm/gpt-4o-mini", "ollama/llama3", "", "a/b/c"])
def test_an_unknown_price_names_the_model_and_what_to_write(model):
    with pytest.raises(UnknownPrice, match=r"price: \{input_usd") as raised:
        PriceBook().price(model)
    assert repr(model) in str(raised.value)


def test_a_zero_in_litellm_s_map_is_no_price():
    assert bundled_price("codestral/codestral-latest") is None


def test_embedded_prices_are_nominal():
    quote = PriceBook().quote("embedded/medium")
    assert quote.source == "nominal"
    assert (quote.price.input_usd, quote.price.output_usd) == pytest.approx((0.5e-6, 2e-6))


def test_every_pinned_price_is_dated_positive_and_agrees_with_litellm_s():
    table = json.loads(files("cascade").joinpath("prices.json").read_text(encoding="utf-8"))
    assert table["date"] >= "2026"
    for model, row in table["models"].items():
        assert row["input"] > 0 < row["output"], model
        if not row.get("nominal") and (bundled := bundled_price(model)):
            assert row["input"] / 3 < bundled.input_usd * 1e6 < row["input"] * 3, model


def test_kinds_of_tokens_have_their_own_price():
    price = PriceBook().price("anthropic/claude-haiku-4-5")
    usage = Usage(input_tokens=1000, cached_tokens=600, cache_write_tokens=300, output_tokens=10)
    assert price.cost_usd(usage) == pytest.approx((100 * 1.0 + 600 * 0.1 + 300 * 1.25 + 10 * 5.0) / 1e6)


def test_a_typical_call_is_priced_or_not_known():
    assert PriceBook().typical_usd("openai/gpt-4o-mini") == pytest.approx(500 * 0.15e-6 + 200 * 0.6e-6)
    assert PriceBook().typical_usd("openai/nobody-has-this") is None


def test_the_order_of_the_ladder_is_doubted_where_cost_seen_contradicts_it():
    concern = ladder_order_concern([("small", 0.02, 40), ("medium", 0.01, 12), ("top", 0.03, 5)])
    assert "small cost 0.02 USD an answer (n=40), medium above it 0.01 (n=12)" in concern
    assert ladder_order_concern([("small", 0.01, 40), ("top", 0.03, 5)]) is None


def test_a_rung_that_was_never_asked_raises_no_doubt():
    assert ladder_order_concern([("small", 0.02, 40), ("top", 0.0, 0)]) is None


CALL = ModelCall(
    rung="small", model="m", messages=({"role": "user", "content": "hi"},), params={"max_tokens": 10, "n": 2}
)


def test_the_worst_case_takes_the_dearest_kinds():
    price = Price(input_usd=1.0, output_usd=2.0, cache_write_usd=1.25, reasoning_usd=3.0, call_usd=0.5)
    assert worst_case_usd(CALL, price, 4) == 0.5 + 4 * 1.25 + 2 * 10 * 3.0


@given(st.integers(0, 50), st.integers(0, 10), st.integers(0, 50), st.floats(0, 5), st.floats(0, 5), st.floats(0, 5))
def test_no_usage_within_its_limits_costs_more_than_the_worst_case(prompt, answer, cached, one, two, three):
    price = Price(input_usd=one, output_usd=two, cached_usd=three, reasoning_usd=one)
    usage = Usage(input_tokens=prompt, cached_tokens=cached, output_tokens=2 * answer, reasoning_tokens=cached)
    assert price.cost_usd(usage) <= worst_case_usd(CALL, price, prompt) + 1e-9


@given(st.text(), st.text())
def test_an_estimate_grows_with_the_text_and_is_positive(one, two):
    assert estimate_tokens(one) <= estimate_tokens(one + two)
    assert (estimate_tokens(one) > 0) == bool(one)


def test_an_estimate_of_a_prompt_counts_tools_and_images():
    text = ({"role": "user", "content": [{"type": "text", "text": "hi"}]},)
    image = ({"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {}}]},)
    tools = {"tools": [{"type": "function", "function": {"name": "weather"}}]}
    plain = estimate_prompt_tokens(text)
    assert estimate_prompt_tokens(image) > plain + 1000
    assert estimate_prompt_tokens(text, tools) > plain + 10


def test_windows_come_from_the_bundled_map_by_the_same_names():
    assert bundled_window("openai/gpt-4o-mini") == bundled_window("gpt-4o-mini") == 128_000
    assert bundled_window("my-server/gpt-4o-mini") is None
    assert bundled_window("nobody/nothing") is None
