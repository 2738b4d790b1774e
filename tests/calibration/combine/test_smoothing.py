"""P(correct | confidences) is scikit-learn's ridge logistic regression on the log-odds."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from calibration.combine.smoothing import EDGE, C, smooth_correct


def test_smoothing_is_logistic_regression_on_the_log_odds_of_the_rungs_so_far() -> None:
    rng = np.random.default_rng(3)
    confidences = rng.beta(2.0, 1.0, size=(300, 2))
    correct = (rng.random((300, 3)) < np.column_stack([confidences, confidences.mean(axis=1)])).astype(float)
    held = np.clip(confidences, EDGE, 1.0 - EDGE)
    log_odds = np.log(held / (1.0 - held))
    found = smooth_correct(confidences, correct)
    for rung, columns in enumerate((1, 2, 2)):
        own = log_odds[:, :columns]
        logistic = LogisticRegression(C=C, tol=1e-10, max_iter=1000)
        oracle = make_pipeline(StandardScaler(), logistic).fit(own, correct[:, rung])
        np.testing.assert_allclose(found[:, rung], oracle.predict_proba(own)[:, 1], atol=1e-5)


def test_only_labelled_rows_are_learnt_from_and_every_row_gets_a_probability() -> None:
    rng = np.random.default_rng(4)
    confidences = rng.random((200, 1))
    correct = (rng.random((200, 2)) < 0.7).astype(float)
    few = np.where(np.arange(200)[:, None] < 80, correct, np.nan)
    found = smooth_correct(confidences, few)
    assert not np.isnan(found).any()
    np.testing.assert_allclose(found[:80].mean(axis=0), correct[:80].mean(axis=0), atol=1e-6)
