"""Claims about what verifiers are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.assess.worth import VerifierWorth, measure_worth
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import lay_out
from cascade.samples.sample import Sample
from cascade.verdict import Verdict
from tests.recordings import recorded_samples


def with_verdicts(samples: list[Sample], seed: int, cost_usd: float) -> list[Sample]:
    """Add a verdict that says nothing (`coin`) and one that nearly knows (`judge`), both paid for."""
    rng = np.random.default_rng(seed)
    done = []
    for sample in samples:
        recordings = {}
        for rung, recording in sample.recordings.items():
            knows = float(np.clip(rng.normal(recording.correct or 0.0, 0.3), 0.0, 1.0))
            scores = {"coin": float(rng.random()), "judge": knows}
            verdicts = {
                name: Verdict(name=name, score=score, cost_usd=cost_usd, source="recorded")
                for name, score in scores.items()
            }
            recordings[rung] = replace(recording, verdicts={**recording.verdicts, **verdicts})
        done.append(replace(sample, recordings=recordings))
    return done


def worth_of(
    n: int, cost_usd: float = 1e-6, names: tuple[str, ...] = ("sure", "coin", "judge")
) -> dict[str, VerifierWorth]:
    samples = with_verdicts(recorded_samples(n, seed=1), 2, cost_usd)
    ladder = recorded_ladder(samples, ("small", "large"), names)
    return {one.verifier: one for one in measure_worth(lay_out("sums", samples, ladder))}


def test_a_verifier_at_chance_level_is_named() -> None:
    coin = worth_of(1500)["coin"]
    assert coin.standing == "chance"
    assert "chance level" in coin.sentence()


def test_with_few_labels_chance_cannot_be_told() -> None:
    assert worth_of(30)["coin"].standing == "unclear"


def test_what_is_added_is_what_the_others_lose_without_it() -> None:
    found = worth_of(600)
    assert found["judge"].standing == "informative"
    judge, coin = found["judge"].auroc_added, found["coin"].auroc_added
    assert judge is not None
    assert coin is not None
    assert judge.low is not None
    assert judge.low > 0.01
    assert abs(coin.value) < 0.02


def test_a_paid_verifier_pays_while_it_costs_less_than_what_it_saves() -> None:
    assert "pays: it saves" in worth_of(1500, cost_usd=1e-7)["judge"].sentence()
    assert "does not pay" in worth_of(1500, cost_usd=1.0)["judge"].sentence()


def test_cost_is_per_answer_that_was_judged() -> None:
    assert worth_of(100, cost_usd=0.002)["judge"].cost_usd_per_request == pytest.approx(0.002)


def test_a_verifier_that_always_says_the_same_is_called_constant() -> None:
    found = worth_of(100, names=("sure", "refusal", "logprob"))
    assert found["refusal"].standing == "constant"
    assert found["logprob"].abstained == 1.0
    assert found["logprob"].auroc is None


def test_a_score_that_runs_the_wrong_way_is_called_reversed() -> None:
    samples = recorded_samples(400, seed=3)
    turned = [
        replace(
            sample,
            recordings={
                rung: replace(
                    one,
                    verdicts={"sure": replace(one.verdicts["sure"], score=1.0 - (one.verdicts["sure"].score or 0.0))},
                )
                for rung, one in sample.recordings.items()
            },
        )
        for sample in samples
    ]
    found = measure_worth(lay_out("sums", turned, recorded_ladder(turned, ("small", "large"), ["sure"])))
    assert next(one for one in found if one.verifier == "sure").standing == "reversed"
