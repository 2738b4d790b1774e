"""calibrate(): what it fits, what it says about it, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import EscalationRate, calibrate, replay
from calibration.fit.task_fit import fit_task
from calibration.gate.replays import apply, figures
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import lay_out
from calibration.stats.rate import rate_predictive
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import SALT, Policy
from tests.drawn import examples
from tests.recordings import recorded_samples

PAIR = ("small", "large")


def test_a_policy_hits_its_rate_on_unseen_samples_and_says_how_far_off_it_may_be() -> None:
    policy = calibrate(recorded_samples(400, seed=1), PAIR, target=EscalationRate(0.25))
    rate = policy.tasks["sums"].measured["escalation_rate"]
    assert rate["low"] < 0.25 < rate["high"]
    seen = replay(recorded_samples(1000, seed=2), policy).to_json()["tasks"]["sums"]["escalation_rate"]["value"]
    low, high = rate_predictive(400, 0.25, 1000, level=0.999)
    assert low <= seen <= high


def test_a_quarter_of_the_cost_of_the_top_buys_most_of_its_accuracy() -> None:
    policy = calibrate(recorded_samples(400, seed=1), PAIR, target=EscalationRate(0.25))
    total = replay(recorded_samples(2000, seed=2), policy).to_json()["total"]
    small, large = (single["accuracy"]["value"] for single in policy.tasks["sums"].measured["singles"])
    assert total["cost_vs_top"] < 0.45
    assert total["accuracy"]["value"] > small + 0.4 * (large - small)
    assert total["error_accepted"] < 1 - small


@settings(max_examples=examples(25))
@given(rate=st.floats(0, 1), levels=st.sampled_from([None, 2, 3, 7]), veto=st.sampled_from([0.0, 0.1, 0.4]))
def test_any_rate_is_met_in_expectation_on_any_scores(rate: float, levels: int | None, veto: float) -> None:
    samples = recorded_samples(150, seed=3, levels=levels, veto_share=veto)
    laid = lay_out("sums", samples, recorded_ladder(samples, PAIR, None))
    task = fit_task(laid, recorded_ladder(samples, PAIR, None), EscalationRate(rate))
    seen = figures(apply(laid, task, salt=SALT, rungs=PAIR), PAIR)["escalation_rate"]["value"]
    # Ties are broken by hash: within binomial noise of the part that is tied.
    assert abs(seen - max(rate, laid.forced[:, 0].mean())) < 0.12


def test_equal_rates_at_every_rung_or_one_each() -> None:
    rungs = ("small", "middle", "large")
    samples = recorded_samples(300, rungs=rungs)
    both = calibrate(samples, rungs, target=EscalationRate([0.5, 0.2]))
    levels = both.tasks["sums"].measured["rungs"]
    assert [level["expected"] for level in levels] == [0.5, 0.2]
    assert levels[1]["n"] == pytest.approx(150, abs=2), "the second rung is fitted on those that reach it"
    first = calibrate(samples, rungs, target=EscalationRate(0.5))
    assert first.tasks["sums"].measured["rungs"][0]["expected"] == 0.5
    with pytest.raises(ConfigError, match="1 or 2 were expected"):
        calibrate(samples, rungs, target=EscalationRate([0.1, 0.2, 0.3]))


def test_a_single_rung_is_a_policy_too() -> None:
    policy = calibrate(recorded_samples(50), ("large",), target=EscalationRate(0.25))
    assert policy.tasks["sums"].measured["escalation_rate"] == {"expected": 0.0, "low": 0.0, "high": 0.0}


def test_several_tasks_stand_in_one_policy_each_with_its_own_threshold() -> None:
    samples = [*recorded_samples(100, task="a"), *recorded_samples(100, task="b", seed=9)]
    policy = calibrate(samples, PAIR, target=EscalationRate(0.3))
    first, second = (policy.tasks[name].points[0].thresholds for name in ("a", "b"))
    assert first != second
    assert set(calibrate(samples, PAIR, target=EscalationRate(0.3), tasks=["b"]).tasks) == {"b"}


def test_without_labels_one_named_verifier_fixes_the_rate() -> None:
    samples = recorded_samples(300, labelled=False)
    with pytest.raises(DataError, match="no labels") as error:
        calibrate(samples, PAIR, target=EscalationRate(0.25))
    assert "--verifiers" in str(error.value)
    assert "--combiner" in str(error.value)
    policy = calibrate(samples, PAIR, target=EscalationRate(0.25), verifiers=["sure"])
    seen = replay(recorded_samples(2000, seed=5, labelled=False), policy).to_json()["total"]
    assert seen["escalation_rate"]["value"] == pytest.approx(0.25, abs=0.06)
    assert seen["accuracy"]["value"] is None


def test_without_labels_an_earlier_combiner_serves() -> None:
    old = calibrate(recorded_samples(300), PAIR, target=EscalationRate(0.25))
    new = calibrate(recorded_samples(300, seed=4, labelled=False), PAIR, target=EscalationRate(0.5), combiner=old)
    assert new.tasks["sums"].points[0].combiners["small"] == old.tasks["sums"].points[0].combiners["small"]
    assert new.tasks["sums"].points[0].thresholds != old.tasks["sums"].points[0].thresholds


def test_vetoes_that_exceed_the_rate_are_the_rate_and_it_is_said() -> None:
    policy = calibrate(recorded_samples(200, veto_share=0.4), PAIR, target=EscalationRate(0.1))
    task = policy.tasks["sums"]
    assert task.measured["escalation_rate"]["expected"] > 0.3
    assert task.why is not None
    assert "vetoes alone" in task.why


def test_the_same_samples_and_seed_give_the_same_policy() -> None:
    one, two = (calibrate(recorded_samples(100), PAIR, target=EscalationRate(0.2), seed=7) for _ in range(2))
    assert replace(one, created="") == replace(two, created="")
    assert Policy.from_json(one.to_json()) == one


def test_a_fitted_rate_is_the_same_whatever_order_the_samples_come_in() -> None:
    samples = recorded_samples(100)
    shuffled = [samples[i] for i in np.random.default_rng(1).permutation(100)]
    one, two = (calibrate(rows, PAIR, target=EscalationRate(0.2)) for rows in (samples, shuffled))
    first, second = (policy.tasks["sums"].points[0].thresholds[0] for policy in (one, two))
    assert first.t == pytest.approx(second.t, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:5], "at least 20"),
        (lambda rows: [], "no samples"),
    ],
)
def test_samples_that_teach_nothing_are_refused(change: object, said: str) -> None:
    assert callable(change)
    with pytest.raises(DataError, match=said):
        calibrate(change(recorded_samples(60)), PAIR, target=EscalationRate(0.25))


def test_unknown_names_are_refused_with_what_there_is() -> None:
    samples = recorded_samples(60)
    with pytest.raises(ConfigError, match="recorded rungs are: large, small"):
        calibrate(samples, ("tiny", "large"), target=EscalationRate(0.25))
    with pytest.raises(ConfigError, match="No verifier is called 'astrology'"):
        calibrate(samples, PAIR, target=EscalationRate(0.25), verifiers=["astrology"])
    with pytest.raises(DataError, match="the samples have sums"):
        calibrate(samples, PAIR, target=EscalationRate(0.25), tasks=["products"])


def _relabelled(sample, label):  # type: ignore[no-untyped-def]
    recordings = {name: replace(recording, correct=label) for name, recording in sample.recordings.items()}
    return replace(sample, recordings=recordings)
