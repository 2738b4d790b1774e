"""The LogProb verifier."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.exchange import TokenLogProb
from tests.verifiers.exchanges import exchange, judge, tokens
from verifiers.logprob import LogProb


def test_the_score_is_the_exponential_of_the_mean() -> None:
    verdict = judge(LogProb(), exchange("a b", logprobs=tokens(-0.1, -0.3, -0.2)))
    assert verdict.score == pytest.approx(math.exp(-0.2))
    assert verdict.signals == {"mean": pytest.approx(-0.2), "min": -0.3, "low": -0.3, "margin": None}


@given(st.lists(st.floats(allow_nan=False, max_value=0.0), min_size=1, max_size=30))
def test_every_usable_figure_gives_a_finite_verdict(values: list[float]) -> None:
    assume(any(values) or len(values) < 4)
    verdict = judge(LogProb(), exchange("x", logprobs=tokens(*values)))
    assert verdict.score is not None
    assert 0.0 <= verdict.score <= 1.0
    signals = [value for value in verdict.signals.values() if value is not None]
    assert all(-20.0 <= value <= 0.0 for value in signals)
    assert verdict.signals["min"] == max(-20.0, min(values))


def test_the_low_quantile_is_the_worst_tenth() -> None:
    verdict = judge(LogProb(), exchange("x", logprobs=tokens(*(-float(i) for i in range(20)))))
    assert verdict.signals["low"] == -18.0


@pytest.mark.parametrize("logprobs", [None, (), tokens(math.nan), tokens(-0.1, 0.5), tokens(-0.1, math.inf)])
def test_without_usable_figures_it_abstains(logprobs: tuple[TokenLogProb, ...] | None) -> None:
    assert judge(LogProb(), exchange("x", logprobs=logprobs)).abstained


def test_rounding_above_zero_and_minus_infinity_are_understood() -> None:
    assert judge(LogProb(), exchange("x", logprobs=tokens(1e-9))).score == 1.0
    assert judge(LogProb(), exchange("x", logprobs=tokens(-math.inf, -9999.0))).score == pytest.approx(math.exp(-20))


@pytest.mark.parametrize("count", [4, 40])
def test_certainty_of_every_token_is_a_stand_in(count: int) -> None:
    verdict = judge(LogProb(), exchange("x", logprobs=tokens(*[0.0] * count)))
    assert (verdict.abstained, verdict.flags) == (True, ("unusable_logprobs",))


def test_a_short_answer_may_be_certain() -> None:
    assert judge(LogProb(), exchange("x", logprobs=tokens(0.0, 0.0, 0.0))).score == 1.0


@pytest.mark.parametrize(
    ("text", "texts", "spelt"),
    [
        ("It is Paris.", ("It", " is", " Paris", "."), True),
        ("It is Paris.", ("▁It", "▁is", "▁Paris", ".", "</s>"), True),
        ("It is Paris.", ("hmm", "</think>", "It", " is", " Paris."), True),
        ("Voilà 3 €", ("Voil", "bytes:\\xc3", "bytes:\\xa0", " 3", " <0xE2>", "<0x82>", "<0xAC>"), True),
        ("日本", ("日", "本"), True),
        ("It is Paris.", ("It", " is", " Rome", "."), False),
        ("It is Paris.", ("It", " is"), False),
    ],
)
def test_tokens_that_do_not_spell_the_answer_say_nothing_about_it(text, texts, spelt) -> None:
    given = tokens(*[-0.1] * len(texts), texts=texts)
    assert judge(LogProb(), exchange(text, logprobs=given)).abstained != spelt


def test_figures_that_are_no_numbers_are_left_out() -> None:
    odd = (TokenLogProb(token="a", logprob="-5"), *tokens(-0.1))  # type: ignore[arg-type]  # as providers send them
    assert judge(LogProb(), exchange("x", logprobs=odd)).score == pytest.approx(math.exp(-0.1))


def test_white_space_and_special_tokens_do_not_count() -> None:
    given = tokens(-0.5, 0.0, -3.0, texts=("yes", "\n", "<|im_end|>"))
    assert judge(LogProb(), exchange("yes\n", logprobs=given)).signals["mean"] == -0.5
    only = tokens(-0.5, texts=("\n",))
    assert judge(LogProb(), exchange("\n", logprobs=only)).signals["mean"] == -0.5


def test_only_the_values_of_a_json_answer_count_if_asked() -> None:
    texts = ('{"', "qty", '":', " ", "12", ', "', "to", '": "', "Ly", "on", '"}')
    given = tokens(0, -9, 0, 0, -0.4, 0, -9, 0, -0.2, 0, 0, texts=texts)
    verdict = judge(LogProb(tokens="values"), exchange("".join(texts), logprobs=given))
    # The closing quote and brace belong to no value, the token that opens a string does not touch what is in it.
    assert verdict.signals["mean"] == pytest.approx((-0.4 - 0.2) / 3)
    assert verdict.signals["min"] == -0.4
    assert verdict.flags == ()


def test_only_the_last_line_counts_if_asked() -> None:
    given = tokens(-5, 0, -1, -1, texts=("think", "\n", "An", "swer"))
    assert judge(LogProb(tokens="last_line"), exchange("think\nAnswer", logprobs=given)).signals["mean"] == -1.0


@pytest.mark.parametrize("choice", ["values", "last_line"])
def test_recordings_without_the_tokens_fall_back_to_all(choice: str) -> None:
    verdict = judge(LogProb(tokens=choice), exchange('{"a": 1}', logprobs=tokens(-1, -3)))
    assert verdict.signals["mean"] == -2.0
    assert verdict.flags == ("all_tokens",)


def test_the_margin_is_to_the_best_other_token() -> None:
    sure = TokenLogProb(token="a", logprob=-0.1, top=(("a", -0.1), ("b", -2.1), ("c", -math.inf)))
    beaten = TokenLogProb(token="b", logprob=-1.0, top=(("a", -0.5), ("b", -1.0)))
    verdict = judge(LogProb(), exchange("ab", logprobs=(sure, beaten)))
    assert verdict.signals["margin"] == pytest.approx((2.0 - 0.5) / 2)


def test_it_wishes_for_what_it_needs_and_says_what_it_reads() -> None:
    assert LogProb().wishes == {"logprobs": True, "top_logprobs": 5}
    assert LogProb(tokens="values").settings() == {"tokens": "values"}
    with pytest.raises(ConfigError):
        LogProb(tokens="some")


@pytest.mark.parametrize("mode", ["all", "values", "last_line"])
@pytest.mark.parametrize(
    ("spelt", "text"),
    [
        (("<think>", "hm", "</think>", "Paris"), "Paris"),
        (("hm", "</think>", "Paris"), "hm</think>Paris"),
        (("[THINK]", "Paris?", "[/THINK]", "Paris"), "[THINK]Paris?[/THINK]Paris"),
        (("hm, Paris or…", "\n\n", "Paris", "<|im_end|>"), "Paris"),
        (("◁think▷", "巴黎", "◁/think▷", "巴黎"), "巴黎"),
        (("<|channel|>", "analysis", "<|message|>", "hm", "<|end|>", "Pa", "ris"), "Paris"),
        (("▁hm", "</think>", "▁The", "▁answer"), "The answer"),
    ],
)
def test_tokens_of_the_thinking_do_not_count(mode: str, spelt: tuple[str, ...], text: str) -> None:
    marks = {"Paris": -0.01, "巴黎": -0.01, "Pa": -0.01, "ris": -0.01, "▁The": -0.01, "▁answer": -0.01}
    last = {piece: place for place, piece in enumerate(spelt)}
    figures = [marks.get(piece, -9.0) if last[piece] == place else -9.0 for place, piece in enumerate(spelt)]
    figures = [-0.01 if piece.startswith("<|im") else figure for piece, figure in zip(spelt, figures, strict=True)]
    verdict = judge(LogProb(tokens=mode), exchange(text, logprobs=tokens(*figures, texts=spelt)))
    assert verdict.score is not None
    assert verdict.score > 0.98


def test_finding_the_answer_among_its_tokens_takes_linear_time() -> None:
    text = "a" * 100_000 + "b" + "a" * 100_000
    pieces = tuple("a" * 100 for _ in range(4000))
    assert judge(LogProb(), exchange(text, logprobs=tokens(*([-0.1] * 4000), texts=pieces))).abstained
