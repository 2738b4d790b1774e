"""Mixture of two combiners: its log-odds are the mean of theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.combine.fit_combiner import fit_combiner
from calibration.combine.mixture import mix, restricted
from cascade.policy.combiner import Combiner


def fitted(seed: int, names: tuple[str, ...], scale: float = 1.0) -> Combiner:
    rng = np.random.default_rng(seed)
    x = scale * rng.normal(size=(120, len(names)))
    y = (rng.random(120) < 1 / (1 + np.exp(-x[:, 0] / scale))).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    return fit_combiner(x, y, names, seed=0)


def log_odds(combiner: Combiner, **features: float | None) -> float:
    p = combiner.confidence(features)
    return float(np.log(p / (1 - p)))


ONE, TWO = fitted(0, ("a", "b")), fitted(1, ("b", "c"), scale=2.0)
values = st.none() | st.floats(-2.0, 2.0)


@given(a=values, b=values, c=values, share=st.floats(0.01, 1.0))
def test_log_odds_are_averaged(a, b, c, share):
    features = {"a": a, "b": b, "c": c}
    wanted = share * log_odds(ONE, **features) + (1 - share) * log_odds(TWO, **features)
    assert log_odds(mix(ONE, TWO, share), **features) == pytest.approx(wanted, abs=1e-5)


def test_a_share_of_nothing_is_the_other():
    assert mix(ONE, TWO, 0.0) is TWO
    assert mix(ONE, Combiner.single("judge"), 0.5) == Combiner.single("judge")


@given(b=values)
def test_a_feature_that_is_left_out_counts_as_missing(b):
    assert log_odds(restricted(ONE, ["b"]), b=b) == pytest.approx(log_odds(ONE, a=None, b=b), abs=1e-5)
