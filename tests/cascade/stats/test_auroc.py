"""AUROC: one estimate and one interval, in reports and in assessments alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from cascade.stats.auroc import auroc, measure_auroc
from cascade.stats.intervals import proportion_interval

rows = st.lists(st.tuples(st.integers(0, 8).map(lambda c: c / 8), st.sampled_from([0.0, 0.3, 1.0])), min_size=2)


@given(rows)
def test_auroc_counts_ties_half_and_fractions_in_shares(found):
    c, y = (np.array(part) for part in zip(*found, strict=True))
    twice, shares = np.repeat([1, 0], len(y)), np.concatenate([y, 1 - y])
    if 0 < y.sum() < len(y):
        assert auroc(c, y) == pytest.approx(roc_auc_score(twice, np.concatenate([c, c]), sample_weight=shares))
    else:
        assert auroc(c, y) is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans()), min_size=2, max_size=40))
def test_its_interval_holds_it_and_ends_at_0_and_1(pairs) -> None:
    scores, correct = np.array([score for score, _ in pairs]), np.array([float(right) for _, right in pairs])
    found = measure_auroc(scores, correct)
    if correct.min() == correct.max():
        assert found is None
        return
    low, high = found.interval()
    assert 0.0 <= low <= found.value <= high <= 1.0


def test_a_fractional_label_is_right_and_wrong_in_proportion() -> None:
    assert auroc([0.9, 0.5, 0.1], [1.0, 0.5, 0.0]) == pytest.approx((1.0 * 1.5 + 0.5 * (0.25 + 1.0)) / (1.5 * 1.5))


def test_rows_without_score_or_label_are_left_out() -> None:
    assert auroc([0.2, 0.9, np.nan, 0.4], [0.0, 1.0, 1.0, np.nan]) == 1.0
    assert auroc([np.nan], [1.0]) is None


def test_labels_of_one_kind_have_none() -> None:
    assert measure_auroc([0.1, 0.9], [1.0, 1.0]) is None
    assert measure_auroc([], []) is None


@pytest.mark.parametrize("scores", [np.ones(30), np.arange(30.0), -np.arange(30.0)])
def test_a_few_rows_that_all_say_the_same_are_no_certainty(scores: np.ndarray) -> None:
    """A constant score, a perfect order and the reverse one: no contribution differs, and that proves little."""
    found = measure_auroc(scores, np.repeat([0.0, 1.0], [10, 20]))
    assert found.error() == pytest.approx(0.0, abs=1e-12)
    assert found.interval() == pytest.approx(proportion_interval(10 * found.value, 10))
    assert np.ptp(found.interval(groups=[f"g{i // 6}" for i in range(30)])) > np.ptp(found.interval())


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_its_interval_covers_the_truth_whatever_the_scores_are_spread_like(spread: float) -> None:
    """Scores of right and of wrong answers are spread differently; a formula that assumes their shape would fail."""
    truth = float(norm.cdf(1.0 / np.hypot(1.0, spread)))
    covered = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        y = np.repeat([0.0, 1.0], [60, 140])
        low, high = measure_auroc(rng.normal(y, np.where(y == 1.0, spread, 1.0)), y).interval(0.9)
        covered += low <= truth <= high
    assert 0.87 <= covered / 1000 <= 0.93
