"""The policy path: exact, ordered, served as it was searched, and on sub-ladders blind to rungs that are not asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.combine.rung_fits import RungFits
from calibration.combine.smoothing import smooth_correct, smooth_pairs
from calibration.samples.recorded import recorded_ladder
from calibration.samples.subladders import lay_out_parts, list_subladders
from calibration.samples.table import lay_out
from calibration.thresholds.evidence import ParetoPolicy, gather
from calibration.thresholds.pareto_policies import assess, hull_of
from calibration.thresholds.path import policy_path
from cascade.errors import DataError
from cascade.policy.policy import SALT
from tests.drawn import examples
from tests.recordings import recorded_samples

RUNGS = ("small", "middle", "large")


def table(n=200, **options):
    samples = recorded_samples(n, rungs=RUNGS, **options)
    return lay_out("sums", samples, recorded_ladder(samples, RUNGS, ["sure"]))


def test_the_path_runs_from_the_reference_to_the_cheapest_model():
    path = policy_path(table(), choose_rungs=True)
    costs = [found.cost_usd for found in path.pareto_policies]
    qualities = [found.quality for found in path.pareto_policies[1:]]
    assert path.pareto_policies[0].rungs == ("large",)
    assert path.pareto_policies[-1].rungs == ("small",)
    assert costs == sorted(costs, reverse=True)
    assert qualities == sorted(qualities, reverse=True)


def test_choosing_rungs_never_makes_the_path_worse():
    laid = table()
    whole, chosen = policy_path(laid), policy_path(laid, choose_rungs=True)
    for found in whole.hull:
        best = np.interp(
            found.cost_usd, [one.cost_usd for one in chosen.hull[::-1]], [one.quality for one in chosen.hull[::-1]]
        )
        assert best >= found.quality - 1e-9


@settings(max_examples=examples(10))
@given(seed=st.integers(0, 1000), levels=st.sampled_from([None, 4]), veto=st.sampled_from([0.0, 0.2]))
def test_a_waypoint_is_what_its_rates_give_one_by_one(seed, levels, veto):
    path = policy_path(table(90, seed=seed, levels=levels, veto_share=veto))
    for found in path.hulls[RUNGS][:: max(1, len(path.hulls[RUNGS]) // 5)]:
        direct = assess(path.evidence, found.rungs, found.rates)
        # A rate k / n becomes a threshold by the rate law, k (n + 1) / n: about one row's part of a difference a rung.
        assert direct.cost_usd == pytest.approx(found.cost_usd, abs=0.05 * path.reference.cost_usd)
        assert direct.quality == pytest.approx(found.quality, abs=0.02)
        assert (direct.accepted, direct.wrong) == pytest.approx((found.accepted, found.wrong), abs=0.03)


def test_served_points_escalate_at_the_rates_of_the_path():
    laid = table(600)
    path = policy_path(laid)
    for found, served in zip(path.pareto_policies, path.served(laid), strict=True):
        for k, rate in enumerate(found.rates):
            reached = served.reached[:, k].sum()
            if reached > 50:
                assert served.escalated[:, k].sum() / reached == pytest.approx(rate, abs=0.03)


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 1000))
def test_smoothing_on_pairs_keeps_the_means_of_labels_and_of_differences(seed):
    rng = np.random.default_rng(seed)
    c, correct = rng.random((80, 2)), (rng.random((80, 3)) < (0.5, 0.7, 0.9)).astype(float)
    smoothed, differs = smooth_pairs(c, correct)
    assert smoothed.mean(axis=0) == pytest.approx(correct.mean(axis=0), abs=1e-6)
    assert differs.mean(axis=0) == pytest.approx((correct != correct[:, -1:]).mean(axis=0), abs=1e-6)


def test_labels_that_are_not_in_pairs_are_smoothed_alone():
    rng = np.random.default_rng(0)
    c, correct = rng.random((90, 1)), (rng.random((90, 2)) < (0.6, 0.9)).astype(float)
    correct[:60, 1] = np.nan
    smoothed, _ = smooth_pairs(c, correct)
    assert smoothed[:, 0] == pytest.approx(smooth_correct(c, correct)[:, 0])
    assert not np.isnan(smoothed).any()


def test_of_two_policies_as_good_the_one_that_differs_less_is_preferred():
    bold = ParetoPolicy(rungs=("a", "top"), rates=(0.1,), quality=0.90, cost_usd=1.0, differs=0.2)
    careful = ParetoPolicy(rungs=("b", "top"), rates=(0.1,), quality=0.89, cost_usd=1.0, differs=0.05)
    top = ParetoPolicy(rungs=("top",), quality=0.92, cost_usd=2.0)
    assert hull_of([bold, careful, top]) == (top, bold)
    assert hull_of([bold, careful, top], caution=0.2) == (top, careful)


def test_what_is_dearer_is_expected_to_be_better_however_cautious():
    cheap = ParetoPolicy(rungs=("a",), quality=0.90, cost_usd=1.0, differs=0.3)
    top = ParetoPolicy(rungs=("top",), quality=0.89, cost_usd=2.0)
    assert hull_of([cheap, top], caution=1.0) == (cheap,)


def test_caution_goes_as_labels_come():
    cautions = [gather(RungFits(table(n)), [RUNGS]).caution for n in (100, 200)]
    assert cautions == pytest.approx([0.5, 0.25])
    half = table(200)
    half = replace(half, correct=np.where(np.arange(200)[:, None] < 100, half.correct, np.nan))
    assert gather(RungFits(half), [RUNGS]).caution == pytest.approx(0.5)


def test_smoothing_keeps_the_mean_of_the_labels():
    rng = np.random.default_rng(0)
    c, correct = rng.random((200, 2)), (rng.random((200, 3)) < 0.7).astype(float)
    smoothed = smooth_correct(c, correct)
    assert smoothed.mean(axis=0) == pytest.approx(correct.mean(axis=0), abs=1e-6)
    correct[100:] = np.nan
    assert not np.isnan(smooth_correct(c, correct)).any()


def test_sub_ladders_keep_the_top_and_the_order():
    found = list_subladders(("a", "b", "c"), choose=True)
    assert found == (("a", "b", "c"), ("a", "c"), ("b", "c"))
    assert list_subladders(("a", "b", "c"), choose=False) == (("a", "b", "c"),)
    assert list_subladders(("a", "b", "c"), choose=True, first="a") == (("a", "b", "c"), ("a", "c"))


def test_agreement_is_computed_with_the_rungs_that_are_asked_and_no_others():
    samples = recorded_samples(30, rungs=RUNGS)
    ladder = recorded_ladder(samples, RUNGS, ["sure", "agreement"])
    laid = lay_out_parts("sums", samples, ladder, list_subladders(RUNGS, choose=True))
    assert "agreement" in laid.names["middle"]
    assert "agreement" not in laid.on(("middle", "large")).names["middle"], "nothing below it is asked"
    assert laid.on(("small", "large")) is laid.parts["small", "large"]
    alone = lay_out_parts("sums", samples, recorded_ladder(samples, RUNGS, ["sure"]), [("small", "large")])
    assert not alone.parts, "nothing reads earlier answers, so no rung is judged twice"


def test_unlabelled_traffic_anchors_costs_and_needs_no_labels():
    labelled = table(200)
    halved = replace(labelled, correct=np.where(np.arange(200)[:, None] < 100, labelled.correct, np.nan))
    path = policy_path(halved)
    assert len(path.evidence.table) == 200
    assert path.reference.cost_usd == pytest.approx(labelled.answer_usd[:, -1].mean())


def test_what_cannot_be_compared_is_refused():
    laid = table(60)
    with pytest.raises(DataError, match="no sample has recordings of all"):
        policy_path(replace(laid, present=np.zeros_like(laid.present)))
    with pytest.raises(DataError, match="is labelled"):
        policy_path(replace(laid, correct=np.full_like(laid.correct, np.nan)))
    unpriced = laid.answer_usd.copy()
    unpriced[:, 1] = np.nan
    with pytest.raises(DataError, match="'middle' has a cost"):
        policy_path(replace(laid, answer_usd=unpriced))


def test_points_are_served_the_same_whichever_points_were_served_before():
    laid = table()
    path = policy_path(laid, choose_rungs=True)
    chosen = path.thinned(6)
    together = path.served(laid, pareto_policies=chosen)
    for found, served in zip(chosen, together, strict=True):
        (alone,) = path.served(laid, pareto_policies=(found,), salt=SALT)
        assert np.array_equal(alone.reached, served.reached)
