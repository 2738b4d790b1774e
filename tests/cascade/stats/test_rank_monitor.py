"""Confidences are compared with a sample of them: by rank and spread, ties and constants included."""

from __future__ import annotations

import numpy as np
import pytest

from cascade.errors import ConfigError, DataError
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.feature_sample import MOST, FeatureSample
from cascade.stats.rank_monitor import RankMonitor, half_band

RNG = np.random.default_rng(5)


def test_a_shift_is_noticed_and_what_is_like_the_sample_is_not():
    sample = ConfidenceSample.of("small", RNG.beta(4, 2, 300).tolist(), n=300)
    quiet, moved, spread = (RankMonitor(sample.values, sample.n) for _ in range(3))
    assert not quiet.watch(RNG.beta(4, 2, 5_000))
    assert moved.watch(RNG.beta(4, 3, 2_000))
    assert spread.watch(RNG.beta(1, 0.5, 2_000))


@pytest.mark.parametrize("values", [[0.7], [0.0, 1.0], [0.2, 0.2, 0.2, 0.9]], ids=["constant", "two", "atoms"])
def test_ties_are_no_change_by_themselves_and_another_constant_is(values):
    monitor = RankMonitor(values, 200)
    assert not monitor.watch(RNG.choice(values, 5_000))
    assert RankMonitor(values, 200).watch(np.full(2_000, 0.95))


def test_the_batch_size_makes_no_difference():
    values, stream = RNG.random(100), RNG.random(300) ** 0.5
    whole, parts = RankMonitor(values, 100, arl=500.0), RankMonitor(values, 100, arl=500.0)
    whole.watch(stream)
    for part in np.split(stream, [1, 50, 51]):
        parts.watch(part)
    assert whole.alarm_at == parts.alarm_at is not None
    assert whole.evidence == pytest.approx(parts.evidence)


def test_a_policy_keeps_little_of_many_confidences_and_the_ranks_stay():
    values = RNG.beta(2, 5, 10_001)
    sample = ConfidenceSample.of("small", values.tolist(), n=10_001)
    assert len(sample.values) == MOST
    assert np.searchsorted(sample.values, np.quantile(values, [0.1, 0.5, 0.9])) / MOST == pytest.approx(
        [0.1, 0.5, 0.9], abs=0.01
    )
    assert half_band(10_001) < half_band(100)


def test_what_is_no_sample_or_no_confidence_is_refused():
    with pytest.raises(ConfigError, match="sorted numbers"):
        ConfidenceSample(rung="small", n=2, values=(0.5, 0.2))
    with pytest.raises(DataError, match="one at least"):
        RankMonitor([], 0)
    with pytest.raises(ConfigError, match="sorted shares"):
        ConfidenceSample(rung="small", n=2, values=(0.5, 1.2))
    with pytest.raises(ConfigError, match="sorted numbers"):
        FeatureSample(rung="small", n=2, values=(0.5, float("inf")))
    with pytest.raises(DataError, match="not a finite number"):
        RankMonitor([0.5], 1).watch([float("nan")])
