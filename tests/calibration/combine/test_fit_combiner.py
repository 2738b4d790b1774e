"""What fitting a combiner keeps: order of answers, humility with few labels, quiet with useless features."""

import numpy as np
import pytest

from calibration.combine.fit_combiner import MAX_ROWS, fit_combiner, out_of_fold
from calibration.combine.mixture import Prior
from cascade.errors import DataError
from cascade.policy.combiner import Combiner
from cascade.stats.auroc import auroc

NAMES = ("schema", "logprob", "judge", "noise")


def _samples(n, seed=0):
    """Four signals of which three tell something; the judge was not asked about 40 % of the rows."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.75) * 1.0
    judge = np.where(rng.random(n) < 0.4, np.nan, y + rng.normal(0, 1.2, n))
    schema = (rng.random(n) < np.where(y == 1, 0.98, 0.8)) * 1.0
    return np.column_stack([schema, y + rng.normal(0, 1.2, n), judge, rng.normal(size=n)]), y


def test_several_weak_signals_beat_the_best_of_them():
    x, y = _samples(200)
    fresh, truth = _samples(5000, seed=1)
    fitted = fit_combiner(x, y, NAMES, seed=0)
    assert auroc(fitted.confidences(fresh), truth) > auroc(fresh[:, 1], truth) + 0.04
    assert fitted.confidences(fresh).mean() == pytest.approx(truth.mean(), abs=0.05)


def test_the_same_seed_gives_the_same_combiner():
    x, y = _samples(300)
    assert fit_combiner(x, y, NAMES, seed=7) == fit_combiner(x, y, NAMES, seed=7)


def test_unlabelled_rows_do_not_count():
    x, y = _samples(300)
    y[200:] = np.nan
    assert fit_combiner(x, y, NAMES, seed=0) == fit_combiner(x[:200], y[:200], NAMES, seed=0)


def test_infinite_is_missing():
    x, y = _samples(300)
    assert fit_combiner(np.where(np.isnan(x), -np.inf, x), y, NAMES, seed=0) == fit_combiner(x, y, NAMES, seed=0)


def test_weights_stand_for_rows():
    x, y = _samples(100)
    twice = fit_combiner(np.vstack([x, x]), np.concatenate([y, y]), NAMES, seed=0)
    weighted = fit_combiner(x, y, NAMES, seed=0, weights=np.full(100, 2.0))
    assert weighted.confidences(x) == pytest.approx(twice.confidences(x), abs=0.01)


def test_fractional_labels_are_fitted_in_shares():
    rng = np.random.default_rng(0)
    x = rng.random((400, 1))
    fitted = fit_combiner(x, x[:, 0], ["grounded"], seed=0)
    assert fitted.confidence({"grounded": 0.9}) > 0.7
    assert fitted.confidence({"grounded": 0.1}) < 0.3


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_one_class_teaches_the_smoothed_base_rate_only(right):
    x, _ = _samples(30)
    fitted = fit_combiner(x, np.full(30, right), NAMES, seed=0)
    assert fitted.confidences(x).tolist() == pytest.approx([(30 * right + 1) / 32] * 30)


def test_few_labels_of_a_class_keep_the_order_and_shrink_the_odds():
    x, y = _samples(200)
    y[np.flatnonzero(y == 0)[4:]] = 1.0
    fitted = fit_combiner(x, y, NAMES, seed=0)
    spread = np.ptp(fitted.confidences(x))
    assert 0 < spread < 0.5
    assert auroc(fitted.confidences(x), y) > 0.6


def test_without_labels_of_both_kinds_the_prior_stands_alone():
    x, y = _samples(12)
    prior = Prior(combiner=Combiner.constant(0.7), strength=5.0)
    assert fit_combiner(x, np.ones_like(y), NAMES, seed=0, prior=prior) == prior.combiner


def test_the_more_labels_the_less_the_prior_says():
    prior = Prior(combiner=Combiner.constant(0.999), strength=10.0)
    gap = []
    for n in (12, 50, 400):
        x, y = _samples(n)
        own, leaning = (fit_combiner(x, y, NAMES, seed=0, prior=given).confidences(x) for given in (None, prior))
        gap.append(np.abs(own - leaning).mean())
    assert gap[0] > gap[1] > gap[2]


def test_without_any_label_nothing_is_known():
    x, y = _samples(20)
    assert set(fit_combiner(x, np.full_like(y, np.nan), NAMES, seed=0).confidences(x)) == {0.5}


def test_constant_missing_and_huge_features_change_nothing():
    x, y = _samples(200)
    useless = np.column_stack([np.full(200, 3.0), np.full(200, np.nan), np.full(200, 1e308)])
    plain = fit_combiner(x, y, NAMES, seed=0)
    burdened = fit_combiner(np.hstack([x, useless]), y, (*NAMES, "same", "none", "huge"), seed=0)
    assert burdened.confidences(np.hstack([x, useless])) == pytest.approx(plain.confidences(x), abs=1e-6)
    assert burdened.columns[4].weight == burdened.columns[5].weight == burdened.columns[6].weight == 0.0


def test_a_rare_level_gets_a_bin_of_its_own():
    y = np.repeat([1.0, 0.0], [180, 20])
    hedges = np.where(y == 0, 2.0, 0.0)
    hedges[:5] = 2.0
    assert fit_combiner(hedges[:, None], y, ["hedging"], seed=0).columns[0].edges == (2.0,)


def test_big_tables_are_fitted_on_a_seeded_part():
    x, y = _samples(MAX_ROWS + 5000)
    one, other = fit_combiner(x, y, NAMES, seed=1), fit_combiner(x, y, NAMES, seed=2)
    assert one != other
    assert np.abs(one.confidences(x) - other.confidences(x)).mean() < 0.01


def test_out_of_fold_confidences_do_not_flatter():
    own, others = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, y, names = rng.normal(size=(200, 8)), (rng.random(200) < 0.7) * 1.0, list("abcdefgh")
        own.append(auroc(fit_combiner(x, y, names, seed=0).confidences(x), y))
        others.append(auroc(out_of_fold(x, y, names, seed=0), y))
    assert np.mean(own) > 0.65
    assert np.mean(others) == pytest.approx(0.5, abs=0.05)


def test_a_group_is_not_predicted_by_its_own_members():
    rng = np.random.default_rng(0)
    session = np.repeat(np.arange(40), 5)
    trait = rng.normal(size=40)
    x, y = np.column_stack([trait[session]] * 2), np.repeat((rng.random(40) < 0.5) * 1.0, 5)
    grouped = out_of_fold(x, y, ["a", "b"], seed=0, groups=[str(s) for s in session])
    assert auroc(grouped, y) < auroc(out_of_fold(x, y, ["a", "b"], seed=0), y)


def test_unlabelled_rows_get_an_out_of_fold_confidence_too():
    x, y = _samples(100)
    y[::3] = np.nan
    found = out_of_fold(x, y, NAMES, seed=0)
    assert np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize(
    ("x", "y", "names", "weights"),
    [
        ([[0.0], [1.0]], [1.0], ["a"], None),
        ([[0.0], [1.0]], [1.0, 0.0], ["a", "b"], None),
        ([[0.0], [1.0]], [1.0, 2.0], ["a"], None),
        ([[0.0], [1.0]], [1.0, 0.0], ["a"], [1.0, 0.0]),
    ],
)
def test_what_does_not_fit_together_is_refused(x, y, names, weights):
    with pytest.raises(DataError, match="found"):
        fit_combiner(x, y, names, seed=0, weights=weights)
