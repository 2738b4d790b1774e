"""The ridge logistic regression finds the optimum that scikit-learn finds."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from calibration.stats.logistic import fit_logistic


def _rows(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, (rng.random(n) < 1 / (1 + np.exp(-x[:, 0] + x[:, 1]))) * 1.0, rng.uniform(0.5, 2.0, n)


@pytest.mark.parametrize("n", [30, 300])
def test_it_agrees_with_scikit_learn(n):
    x, y, w = _rows(n, seed=n)
    coefficients, intercept = fit_logistic(x, y, c=0.3, weights=w)
    oracle = LogisticRegression(C=0.3, tol=1e-10, max_iter=1000).fit(x, y, sample_weight=w)
    assert coefficients == pytest.approx(oracle.coef_[0], abs=1e-5)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=1e-5)


def test_a_fraction_is_a_right_row_and_a_wrong_one_in_shares():
    x, _, y = _rows(100, seed=1)
    y = y / 2
    whole = fit_logistic(np.vstack([x, x]), np.repeat([1.0, 0.0], 100), c=1.0, weights=np.concatenate([y, 1 - y]))
    fractional = fit_logistic(x, y, c=1.0)
    assert fractional[0] == pytest.approx(whole[0])
    assert fractional[1] == pytest.approx(whole[1])


def test_separable_rows_are_no_trouble():
    x = np.linspace(-3, 3, 40)[:, None]
    coefficients, intercept = fit_logistic(x, (x[:, 0] > 0) * 1.0, c=1e6)
    assert np.isfinite(coefficients).all()
    assert np.isfinite(intercept)
