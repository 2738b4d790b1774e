"""ppi-python answers the same question, a mean from few labels and a judge: ours agrees, and covers with few labels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from cascade.stats.ppi import estimate_mean

pytestmark = pytest.mark.slow

ROWS = 4000
REPEATS = 1000


def draw(rng: np.random.Generator, labels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return labels of some rows and a judge's scores of all: (right where labelled, judge, right, chosen)."""
    right = (rng.random(ROWS) < 0.85).astype(float)
    judge = expit(1.3 * (2 * right - 1) + 1.0 + rng.normal(0, 1.2, ROWS))
    chosen = np.zeros(ROWS, dtype=bool)
    chosen[rng.choice(ROWS, labels, replace=False)] = True
    return np.where(chosen, right, np.nan), judge, right, chosen


def both(rng: np.random.Generator, labels: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    ppi = pytest.importorskip("ppi_py", reason="ppi-python is not installed; it is no dependency of ours")
    some, judge, right, chosen = draw(rng, labels)
    ours = estimate_mean(some, proxy=judge)
    given = (right[chosen], judge[chosen], judge[~chosen])
    low, high = (float(np.ravel(end)[0]) for end in ppi.ppi_mean_ci(*given, alpha=0.1))
    theirs = float(np.ravel(ppi.ppi_mean_pointestimate(*given))[0])
    return (ours.value, ours.low, ours.high), (theirs, low, high)


def test_with_many_labels_estimates_and_intervals_agree() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = np.moveaxis(np.array([both(rng, 400) for _ in range(200)]), 1, 0)
    half = (theirs[:, 2] - theirs[:, 1]) / 2
    assert np.abs(ours[:, 0] - theirs[:, 0]).mean() < 0.1 * half.mean()
    assert (ours[:, 2] - ours[:, 1]).mean() == pytest.approx(2 * half.mean(), rel=0.06)


def test_with_few_labels_ours_keeps_its_coverage() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = np.moveaxis(np.array([both(rng, 40) for _ in range(REPEATS)]), 1, 0)
    covers = [float(np.mean((found[:, 1] <= 0.85) & (found[:, 2] >= 0.85))) for found in (ours, theirs)]
    assert covers[0] >= 0.88
    assert covers[0] >= covers[1]
