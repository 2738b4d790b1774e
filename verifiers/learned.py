"""Learned verifier: scores an answer by the words of prompt and answer, with weights that calibrate fitted."""

from __future__ import annotations

from typing import Any, ClassVar

from cascade.exchange import Exchange
from cascade.policy.text_scorer import BUCKETS, MOST_CHARACTERS, NOT_FITTED, TextScorer, hash_words
from cascade.verdict import Verdict, Verifier


class Learned(Verifier):
    """Learned scorer: P(right) by a linear classifier over the words of prompt and answer, which calibrate fits.

    FrugalGPT's scorer with a model that needs no library where it serves: words and pairs of neighbouring words of the
    last user message and of the answer, hashed into 4,096 buckets, one weight each. `cascade calibrate` fits it for
    every task and rung on the samples' own labels (scikit-learn's logistic regression, 30 labels or more with 8 of each
    class), out of fold: every sample is scored by a scorer that did not see it, and one of these ten serves, so that
    thresholds hold; under a bound it is fitted on the part of the samples that does not certify. The weights travel in
    the policy, 5.5 kB a task and rung, and its hash covers them. Of prompt and answer the first and last 2,000
    characters are read.

    Measured at equal loss (benchmarks/RESULTS/worth.md): it pays where other verdicts know little (date_mot 24 points
    of the reference's cost, gsm8k_routellm 10, zeroeval_crux 5), gains nothing on half of the recorded sets, and costs
    up to 3 points on multiple choice with log-probabilities: it learns which questions are hard, for the reference too.
    So calibrate leaves it out of a rung, and says so, unless it adds to the other verdicts beyond chance: of the
    gains most stays on date_mot and gsm8k_routellm, little on zeroeval_crux, and mz_mmlu and mz_medmcqa lose nothing.

    Abstains, flagged `not_fitted`, where no policy holds its weights: on the top rung, on a task without enough labels,
    and before calibration. It needs samples with their texts, as they were: of a log, `store_text: full`.

    Args:
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.
    """

    version: ClassVar[str] = "1"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False
    learned: ClassVar[bool] = True

    def __init__(self, *, name: str = "learned", pass_at: float = 0.5) -> None:
        self.name = name
        self.pass_at = pass_at

    def settings(self) -> dict[str, Any]:
        """Return what changes its scores, beside its weights."""
        return {"buckets": BUCKETS, "most_characters": MOST_CHARACTERS}

    def check(self, exchange: Exchange) -> Verdict:
        """Score an answer by its words and those of the prompt."""
        scorer = exchange.fitted.get(self.name)
        if not isinstance(scorer, TextScorer):
            return Verdict.abstain(
                "no policy holds its weights for this task and rung (cascade calibrate)", flags=(NOT_FITTED,)
            )
        return Verdict(score=scorer.score(hash_words(exchange.request, exchange.response)), reason="by its words")
