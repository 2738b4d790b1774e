"""The Hedging verifier."""

from __future__ import annotations

from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from tests.verifiers.exchanges import exchange, judge
from verifiers.hedging import Hedging
from verifiers.hedging_lexicon import shipped

FILLER = "The engine has four parts and each of them moves the next one on. " * 12


def _score(text: str) -> float:
    score = judge(Hedging(), exchange(text)).score
    assert score is not None
    return score


@given(st.text(max_size=300) | st.lists(st.sampled_from(sorted(shipped("en"))), max_size=20).map(" ".join))
def test_the_score_is_always_in_the_unit_interval(text: str) -> None:
    score = judge(Hedging(), exchange(text)).score
    assert score is None or 0.0 <= score <= 1.0


def test_plain_words_do_not_hedge_and_hedges_are_graded() -> None:
    assert _score("The answer is 4.") == 1.0
    assert 1.0 > _score("The answer is probably 4.") > _score("Maybe it is 4.") > _score("I'm not sure, maybe 4.") > 0


def test_a_phrase_counts_once_however_often_it_is_said() -> None:
    assert _score("maybe 4") == _score("maybe " * 500 + "4")


def test_more_phrases_never_raise_the_score() -> None:
    texts = ["It is 4.", "It is 4, I think.", "It is 4, I think, maybe.", "I don't know. It is 4, I think, maybe."]
    scores = list(map(_score, texts))
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "There is no doubt: 4.",
        "It is without doubt 4.",
        "The result is not uncertain.",
        'He said "maybe" and left.',
        "He said “I'm not sure” and left.",
        "Use `maybe()` for that.",
        "```\n# maybe\nperhaps()\n```\nThat prints 4.",
        "> I think maybe\n\nThat is what you wrote. It is 4.",
    ],
)
def test_negated_quoted_and_code_words_do_not_count(text: str) -> None:
    assert _score(text) == 1.0


def test_a_negation_of_another_sentence_does_not_reach() -> None:
    assert _score("No. Maybe 5.") == _score("Yes. Maybe 5.") < 1.0


def test_the_beginning_and_the_end_weigh_more_than_the_middle() -> None:
    middle = _score(FILLER + "Perhaps it turns. " + FILLER)
    assert (
        _score("Perhaps it turns. " + FILLER + FILLER) == _score(FILLER + FILLER + "Perhaps it turns.") < middle < 1.0
    )


def test_of_a_json_answer_the_strings_are_read() -> None:
    assert _score('{"reasoning": "I think it is 4.", "maybe": 4}') == _score("I think it is 4.")
    assert _score('{"maybe": "4"}') == 1.0


def test_the_longest_phrase_is_the_one_that_is_meant() -> None:
    lexicon = {"i": 0.1, "i think": 0.2, "i think so": 0.3}
    assert judge(Hedging(lexicon=lexicon), exchange("i think so")).score == pytest.approx(0.7)


def test_another_lexicon_may_be_given_and_is_part_of_the_settings() -> None:
    german = Hedging(lexicon={"vielleicht": 0.5}, negators=frozenset({"nicht"}))
    assert judge(german, exchange("Vielleicht 4.")).score == 0.5
    assert judge(german, exchange("nicht vielleicht")).score == 1.0
    assert german.settings() != Hedging().settings()


def test_an_answer_without_words_is_not_judged() -> None:
    assert judge(Hedging(), exchange("")).abstained
    assert judge(Hedging(), exchange("```\nx = 1\n```")).abstained


@pytest.mark.parametrize("lexicon", [{"maybe": 1.5}, {"maybe": float("nan")}, {"maybe": True}, {"…": 0.5}])
def test_a_lexicon_that_cannot_be_used_is_refused(lexicon: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Hedging(lexicon=lexicon)


@pytest.mark.timeout(30)
def test_long_answers_take_linear_time() -> None:
    repeats = [("i ", 500_000), ('"', 1_000_000), ("`", 1_000_000), ("> ", 500_000), ("a'", 500_000), ("not ", 250_000)]
    assert all(0.0 <= (verdict.score or 0.0) <= 1.0 for verdict in starmap(_judged, repeats))


def _judged(text: str, times: int):
    return judge(Hedging(), exchange(text * times))
