"""Judge(kind="p_yes"): one word is asked for, and its probability is the score."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response, TokenLogProb
from tests.verifiers.exchanges import exchange, judge
from verifiers.judge import Judge
from verifiers.p_yes import p_yes


def said(token: str | None, logprob: float, *top: tuple[str, float]) -> Response:
    return replace(scripted(token or ""), logprobs=(TokenLogProb(token=token, logprob=logprob, top=top),))


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        (said("yes", math.log(0.9), ("yes", math.log(0.9)), ("no", math.log(0.1))), 0.9),
        (said(" No", math.log(0.6), (" No", math.log(0.6)), ("Yes", math.log(0.2)), ("yes", math.log(0.1))), 1 / 3),
        (said("▁YES", math.log(0.8), ("▁YES", math.log(0.8)), ("maybe", math.log(0.2))), 1.0),
        (said('"no', math.log(0.99)), 0.0),
    ],
)
def test_the_score_is_the_share_of_yes_whatever_its_spelling(reply: Response, score: float) -> None:
    verdict = judge(Judge("other/strong", kind="p_yes"), exchange("4"), lambda call: reply)
    assert verdict.score == pytest.approx(score)
    assert verdict.reason == "P(yes) of other/strong"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (scripted("yes"), "no log-probabilities"),
        (said("The", math.log(0.9), ("The", math.log(0.9)), ("yes", math.log(0.1))), "neither yes nor no"),
        (said(None, -0.1), "no word"),
        (said(" ", -0.1), "no word"),
        (said("yes", math.nan), "neither"),
        (said("yes", 0.7), "neither"),
    ],
)
def test_a_reply_that_tells_nothing_makes_it_abstain_with_the_reason(reply: Response, why: str) -> None:
    verdict = judge(Judge("other/strong", kind="p_yes"), exchange("4"), lambda call: reply)
    assert (verdict.score, verdict.flags) == (None, ("judge_unreadable",))
    assert why in verdict.reason


def test_one_token_with_its_alternatives_is_asked_for_and_no_json() -> None:
    asked: list[ModelCall] = []

    def answer(call: ModelCall) -> Any:
        asked.append(call)
        return said("yes", 0.0)

    judge(Judge("other/strong", kind="p_yes"), exchange("4"), answer)
    (call,) = asked
    assert {**call.wishes} == {"temperature": 0, "seed": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": 5}
    assert "yes or no" in call.messages[0]["content"]


def test_votes_and_unknown_kinds_are_refused_and_kinds_have_settings_of_their_own() -> None:
    with pytest.raises(ConfigError, match="one vote"):
        Judge("other/strong", kind="p_yes", votes=3)
    with pytest.raises(ConfigError, match="grade or p_yes"):
        Judge("other/strong", kind="maybe")  # type: ignore[arg-type]
    assert "kind" not in Judge("other/strong").settings(), "policies fitted before go on"
    assert Judge("other/strong", kind="p_yes").settings()["kind"] == "p_yes"


@given(st.lists(st.tuples(st.sampled_from(["yes", "no", " Yes", "NO", "x", ""]), st.floats(-20, 0)), max_size=6))
def test_a_score_is_a_probability(top: list[tuple[str, float]]) -> None:
    found = p_yes(said("yes", -1.0, *top))
    assert isinstance(found, str) or 0.0 <= found <= 1.0
