"""Aims: what calibrate() chooses for a cost, a loss or an error, alone and together, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration import Best, EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together, calibrate, replay
from calibration.combine.rung_fits import RungFits
from calibration.targets.by_task import make_target
from calibration.thresholds.aimed import aim
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import Policy
from tests.recordings import recorded_samples
from tests.synthetic import table_of

RUNGS = ("small", "middle", "large")
SAMPLES = recorded_samples(400, seed=1, rungs=RUNGS)
FRESH = recorded_samples(2000, seed=2, rungs=RUNGS)


def measured(target, **options):
    return calibrate(SAMPLES, RUNGS, target=target, **options).tasks["sums"].measured


@pytest.mark.parametrize("usd", [0.001, 0.005, 0.02])
def test_a_mean_cost_is_met_by_mixing_two_neighbours_on_the_path(usd):
    policy = calibrate(SAMPLES, RUNGS, target=MeanCost(usd), choose_rungs=True)
    points = policy.tasks["sums"].points
    assert len(points) == 2
    assert policy.tasks["sums"].measured["cost_usd_per_request"] == pytest.approx(usd, rel=1e-6)
    seen = replay(FRESH, policy).to_json()["total"]["cost_usd_per_request"]
    assert seen == pytest.approx(usd, rel=0.2)


def test_a_smaller_loss_costs_more():
    found = [measured(ExpectedLoss(eps), choose_rungs=True) for eps in (0.0, 0.02, 0.05, 0.3)]
    costs = [one["cost_usd_per_request"] for one in found]
    assert costs == sorted(costs, reverse=True)
    assert found[-1]["points"][0]["rungs"] == ["small"], "a loss that every model keeps is kept by the cheapest"


def test_an_expected_loss_is_met_on_fresh_samples_at_far_less_than_the_top_costs():
    total = replay(FRESH, calibrate(SAMPLES, RUNGS, target=ExpectedLoss(0.03), choose_rungs=True)).to_json()["total"]
    assert total["accuracy_top"] - total["accuracy"]["value"] < 0.06
    assert total["cost_vs_top"] < 0.6


def test_an_expected_error_is_that_of_accepted_answers():
    total = replay(FRESH, calibrate(SAMPLES, RUNGS, target=ExpectedError(0.05))).to_json()["total"]
    assert total["error_accepted"] == pytest.approx(0.05, abs=0.03)


def test_aims_that_can_be_kept_together_are():
    loose = measured(Together(ExpectedLoss(0.05), MeanCost(0.03)))
    assert loose["target"]["kind"] == "together"
    assert loose["cost_usd_per_request"] < 0.03
    rated = measured(Together(EscalationRate(0.6), ExpectedError(0.2)))
    assert rated["escalation_rate"]["expected"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    "target",
    [
        Together(EscalationRate(0.05), ExpectedError(0.01)),
        Together(ExpectedLoss(0.0), MeanCost(0.0005)),
        MeanCost(1e-6),
    ],
)
def test_aims_that_cannot_be_kept_are_refused_with_what_can(target):
    with pytest.raises(DataError, match="no policy is expected to meet") as error:
        measured(target, choose_rungs=True)
    assert "dearest first:\n  $" in str(error.value)
    assert "error among accepted" in str(error.value)


def test_rungs_that_never_pay_are_named_with_what_leaving_them_out_saves():
    dear = [_dearer(sample) for sample in SAMPLES]
    found = calibrate(dear, RUNGS, target=ExpectedLoss(0.03), choose_rungs=True).tasks["sums"].measured
    middle = next(rung for rung in found["rungs_tried"] if rung["rung"] == "middle")
    assert (middle["used"], middle["pays"]) == (False, False)
    assert middle["saves_usd_per_request"] is None or middle["saves_usd_per_request"] > 0
    assert measured(ExpectedLoss(0.03))["rungs_tried"] is None


def test_the_best_single_model_is_always_reported_and_always_a_candidate():
    assert measured(EscalationRate(0.2))["best_single"] == "large"
    swapped = [_swapped(sample) for sample in SAMPLES]
    found = calibrate(swapped, RUNGS, target=ExpectedLoss(0.0)).tasks["sums"].measured
    assert found["best_single"] == "small"
    assert found["points"][0]["rungs"] == ["small"]


def test_a_rate_fixes_the_first_rung_and_later_thresholds_are_chosen():
    found = measured(EscalationRate(0.4), choose_rungs=True)
    assert found["points"][0]["rungs"][0] == "small"
    assert found["escalation_rate"]["expected"] == 0.4
    with pytest.raises(ConfigError, match="single rate"):
        measured(EscalationRate([0.4, 0.2]), choose_rungs=True)


def test_quality_cannot_be_aimed_at_without_labels():
    bare = recorded_samples(60, rungs=RUNGS, labelled=False)
    with pytest.raises(DataError, match="without labels"):
        calibrate(bare, RUNGS, target=ExpectedLoss(0.01), verifiers=["sure"])


@pytest.mark.parametrize("make", [MeanCost, ExpectedLoss, ExpectedError])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), True])
def test_aims_out_of_range_are_refused(make, value):
    with pytest.raises(ConfigError, match="expected"):
        make(value)


def test_several_aims_are_of_different_kinds():
    with pytest.raises(ConfigError, match="different kinds"):
        Together(MeanCost(1.0), MeanCost(2.0))


def test_a_policy_of_two_points_survives_its_file():
    policy = calibrate(SAMPLES, RUNGS, target=MeanCost(0.005), choose_rungs=True)
    assert Policy.from_json(policy.to_json()) == policy


def _dearer(sample):
    middle = sample.recordings["middle"]
    dear = replace(middle, response=replace(middle.response, cost_usd=50 * middle.response.cost_usd))
    return replace(sample, recordings={**sample.recordings, "middle": dear})


def _swapped(sample):
    """Let the cheapest be right as often as the top is, and the others never more."""
    labels = {name: recording.correct for name, recording in sample.recordings.items()}
    mine = {"small": labels["large"], "middle": labels["small"], "large": labels["small"]}
    made = {name: replace(sample.recordings[name], correct=mine[name]) for name in RUNGS}
    return replace(sample, recordings=made)


def test_costs_are_those_of_all_rows():
    assert np.isclose(measured(MeanCost(0.01))["cost_usd_per_request"], 0.01)


def test_six_rungs_are_searched_more_coarsely_and_seven_are_refused():
    rungs = tuple("abcdefg")
    samples = recorded_samples(80, rungs=rungs)
    found = calibrate(samples, rungs[:6], target=MeanCost(0.01), verifiers=["sure"]).tasks["sums"].measured
    assert found["bins"] == 18
    with pytest.raises(ConfigError, match="at most 6"):
        calibrate(samples, rungs, target=MeanCost(0.01), verifiers=["sure"])


def dear(sample):
    """Let every verdict cost a dollar, a hundred times what an answer does."""
    recordings = {
        name: replace(one, verdicts={key: replace(verdict, cost_usd=1.0) for key, verdict in one.verdicts.items()})
        for name, one in sample.recordings.items()
    }
    return replace(sample, recordings=recordings)


def test_a_verifier_dearer_than_the_top_is_paid_for_by_no_model_that_is_asked_alone():
    policy = calibrate(map(dear, SAMPLES), RUNGS, target=ExpectedLoss(0.02), verifiers=["sure"], choose_rungs=True)
    assert all(len(point["rungs"]) == 1 for point in policy.tasks["sums"].measured["points"])
    assert policy.tasks["sums"].measured["cost_vs_top"] <= 1.0
    assert replay(map(dear, FRESH), policy).to_json()["total"]["verifier_cost_usd_per_request"] == 0.0


def test_a_policy_dearer_than_the_top_says_so():
    policy = calibrate(map(dear, SAMPLES), RUNGS, target=EscalationRate(0.3), verifiers=["sure"])
    assert any("of always asking large" in line for line in policy.tasks["sums"].measured["warnings"])


def test_best_is_the_best_accuracy_at_no_more_than_the_references_cost() -> None:
    """The middle rung is the best one here, and cheaper than the top: a mix of it is served, not the top."""
    rng = np.random.default_rng(4)
    right = rng.random((600, 3)) < np.array([0.6, 0.9, 0.8])
    table = table_of(rng.random((600, 2)), right.astype(float))
    aimed = aim(RungFits(table), Best(), choose_rungs=True)
    assert aimed.mix is not None
    spent = sum(share * found.cost_usd for share, found in aimed.mix)
    assert spent <= 0.015 + 1e-9
    assert sum(share * found.quality for share, found in aimed.mix) > 0.85
    assert make_target({"best": True, "expected_loss": None}) == Best()
    assert make_target({"best": False, "expected_loss": 0.0}) == ExpectedLoss(0.0)
    with pytest.raises(ConfigError, match="alone"):
        make_target({"best": True, "expected_loss": 0.01})
