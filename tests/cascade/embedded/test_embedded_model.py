"""The embedded models: deterministic, honest about their probabilities, and better from rung to rung."""

import math
from importlib.resources import files

import numpy as np
import pytest

from cascade.embedded.language import orders
from cascade.embedded.model import NAMES, WINDOW, PromptTooLong, load
from cascade.embedded.prices import NOMINAL_USD_PER_TOKEN

SENTENCE = "could you send 3, no, make that 5 red chairs to Lyon by 4 May"
BANDS = {"small": (0.66, 0.84), "medium": (0.83, 0.95), "large": (0.91, 0.99)}
"""About three standard errors of 200 sentences around .756, .895 and .958."""


@pytest.mark.parametrize("name", NAMES)
def test_greedy_answers_repeat(name: str) -> None:
    assert load(name).answer(SENTENCE) == load(name).answer(SENTENCE)


def test_drawn_answers_repeat_with_their_seed_and_differ_between_seeds() -> None:
    drawn = {seed: load("small").answer(SENTENCE, temperature=1.5, seed=seed).text for seed in range(8)}
    assert all(load("small").answer(SENTENCE, temperature=1.5, seed=seed).text == drawn[seed] for seed in drawn)
    assert len(set(drawn.values())) > 1


@pytest.mark.parametrize("name", NAMES)
def test_log_probabilities_are_those_of_the_emitted_tokens(name: str) -> None:
    answer = load(name).answer(SENTENCE, top=5)
    assert answer.text == "".join(token.text for token in answer.tokens)
    for token in answer.tokens:
        values = [value for _, value in token.top]
        assert token.logprob <= 0
        assert (token.text, token.logprob) == token.top[0], "greedy decoding emits the likeliest"
        assert values == sorted(values, reverse=True)
        assert sum(map(math.exp, values)) <= 1 + 1e-9


def test_all_alternatives_together_have_probability_one() -> None:
    model = load("small")
    first = model.answer(SENTENCE, max_tokens=1, top=len(model.vocabulary.tokens)).tokens[0]
    assert math.fsum(math.exp(value) for _, value in first.top) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_cache_of_keys_and_values_changes_nothing(name: str) -> None:
    model = load(name)
    numbers = model.vocabulary.prompt(SENTENCE)
    for token in model.answer(SENTENCE, top=3).tokens:
        logits = model.logits(numbers).astype(float)
        logprobs = np.sort(logits - np.logaddexp.reduce(logits))[::-1]
        np.testing.assert_allclose(logprobs[:3], [value for _, value in token.top], atol=2e-4)
        numbers.append(int(np.argmax(logits)))


def test_each_rung_is_right_as_often_as_the_documents_say_and_oftener_than_the_one_below() -> None:
    held_out = orders(200, 11)
    shares = [sum(load(name).answer(order.sentence).text == order.gold for order in held_out) / 200 for name in NAMES]
    assert shares == sorted(set(shares))
    for name, share in zip(NAMES, shares, strict=True):
        low, high = BANDS[name]
        assert low <= share <= high, f"{name}: {share}"


def test_an_answer_stops_at_its_brace_or_at_the_limit() -> None:
    whole, cut = load("large").answer(SENTENCE), load("large").answer(SENTENCE, max_tokens=4)
    assert (whole.finish_reason, whole.text[-1]) == ("stop", "}")
    assert (cut.finish_reason, len(cut.tokens)) == ("length", 4)
    assert whole.text.startswith(cut.text)


def test_a_prompt_beyond_the_window_is_refused_with_both_numbers() -> None:
    with pytest.raises(PromptTooLong, match=rf"\d+ tokens; at most {WINDOW} fit"):
        load("small").answer("red chairs " * WINDOW)


def test_all_weights_together_have_at_most_one_and_a_half_megabytes() -> None:
    folder = files("cascade.embedded").joinpath("weights")
    sizes = [len(folder.joinpath(f"{name}.npz").read_bytes()) for name in NAMES]
    assert sizes == sorted(sizes)
    assert sum(sizes) <= 1_500_000


def test_nominal_prices_rise_from_rung_to_rung() -> None:
    prices = [NOMINAL_USD_PER_TOKEN[f"embedded/{name}"] for name in NAMES]
    assert prices == sorted(prices)
    assert all(0 < prompt < answer < 1e-4 for prompt, answer in prices)
