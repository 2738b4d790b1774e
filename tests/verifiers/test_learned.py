"""Learned: words become weights' places, the same everywhere; without weights it abstains and says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.exchange import Request, Response
from cascade.policy.text_scorer import BUCKETS, MOST_CHARACTERS, TextScorer, encode_weights, hash_words
from tests.verifiers.exchanges import exchange, tool_call
from verifiers.learned import Learned

WEIGHTS = encode_weights(np.random.default_rng(0).integers(-127, 128, BUCKETS))
PLACES = [
    [534, 840, 1990, 1999, 2495, 2879, 3161, 3634, 3657, 4061],
    [134, 165, 532, 1526, 1708, 2221, 2288, 2461, 2581, 2705, 2923, 2962, 3184, 3377, 3773],
]
SCORER = TextScorer(intercept=0.25, scale=0.05, weights=WEIGHTS, n=100)


def buckets(prompt: str, answer: str) -> list[list[int]]:
    return [part.tolist() for part in hash_words(Request.of(prompt), Response(text=answer))]


def test_without_weights_it_abstains_and_says_what_to_do() -> None:
    verdict = Learned().check(exchange("Paris."))
    assert verdict.abstained
    assert verdict.flags == ("not_fitted",)
    assert "cascade calibrate" in verdict.reason


def test_with_weights_it_scores_by_prompt_and_answer() -> None:
    asked = replace(exchange("Paris."), fitted={"learned": SCORER})
    verdict = Learned().check(asked)
    assert verdict.score == SCORER.score(hash_words(asked.request, asked.response))
    assert verdict.score != Learned().check(replace(asked, response=Response(text="Rome."))).score


def test_words_stand_in_the_same_buckets_on_every_machine() -> None:
    """Weights that were fitted elsewhere are read here: these places must never move."""
    assert buckets("What is 2 + 2?", "It's four. 四です") == PLACES


def test_prompt_and_answer_are_kept_apart_and_case_is_not() -> None:
    first, second = buckets("the same", "The SAME")
    assert len(first) == len(second) == 3  # two words and their pair
    assert first != second
    assert buckets("THE same", "the same") == [first, second]


def test_the_order_of_words_counts_by_their_pairs() -> None:
    assert buckets("", "dog bites man")[1] != buckets("", "man bites dog")[1]


@pytest.mark.parametrize(
    "text", ["word " * 200_000, "漢字" * 500_000, "!?" * 500_000, "a" * 1_000_000, " " * 1_000_000]
)
def test_of_long_texts_the_two_ends_are_read(text: str) -> None:
    half = MOST_CHARACTERS // 2
    assert buckets(text, text) == buckets(f"{text[:half]}\n{text[-half:]}", f"{text[:half]}\n{text[-half:]}")


@given(st.text(alphabet=st.characters(), max_size=200), st.text(alphabet=st.characters(), max_size=200))
def test_any_text_has_a_score(prompt: str, answer: str) -> None:
    assert 0.0 <= SCORER.score(hash_words(Request.of(prompt), Response(text=answer))) <= 1.0


@pytest.mark.parametrize("content", [[{"type": "text", "text": "Which?"}, {"type": "image_url"}], "Which?"])
def test_the_last_user_message_is_the_prompt(content: object) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]
    longer = [*chat[:1], {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}, chat[1]]
    first, second = (hash_words(Request.of(one), Response(text="A"))[0].tolist() for one in (chat, longer))
    assert first == second == buckets("Which?", "A")[0]


def test_tool_calls_are_part_of_the_answer() -> None:
    with_call = Response(text="", tool_calls=(tool_call("search", '{"q": "tram"}'),))
    assert hash_words(Request.of("?"), with_call)[1].tolist() == buckets("?", '\nsearch {"q": "tram"}')[1]


@pytest.mark.parametrize("weights", ["", "%%", "AAAA", WEIGHTS[:-4]])
def test_weights_that_are_cut_or_foreign_are_refused(weights: str) -> None:
    with pytest.raises(ConfigError, match=r"^learned weights are .* 4,096 .* expected.*\.$"):
        TextScorer(intercept=0.0, scale=0.1, weights=weights, n=1)
