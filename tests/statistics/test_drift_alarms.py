"""How often drift without labels cries wolf, and how soon it notices: by repetition, policies fitted anew each time."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.fit.task_fit import fit_task
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import apply_point
from calibration.targets.target import EscalationRate
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.policy import SALT
from cascade.report.values.drift import SHARED_ARL
from cascade.stats.rank_monitor import RankMonitor
from tests.recordings import recorded_samples
from tests.synthetic import pair_traffic

pytestmark = pytest.mark.slow


def drawn(rng: np.random.Generator, n: int, shift: float, wide: float = 1.0) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-(wide * rng.normal(size=n) + shift)))


def alarms(n: int, *, shift: float, wide: float, until: int, streams: int) -> np.ndarray:
    rng, found = np.random.default_rng(n), []
    for _ in range(streams):
        sample = ConfidenceSample.of("small", drawn(rng, n, 0.0).tolist(), n=n)
        monitor = RankMonitor(sample.values, sample.n, arl=SHARED_ARL)
        monitor.watch(drawn(rng, until, shift, wide))
        found.append(monitor.alarm_at or until + 1)
    return np.array(found)


@pytest.mark.parametrize("n", [50, 300, 2_000])
def test_of_200_quiet_streams_of_20_000_requests_hardly_one_alarms(n: int) -> None:
    assert np.mean(alarms(n, shift=0.0, wide=1.0, until=20_000, streams=200) <= 20_000) <= 0.02


@pytest.mark.parametrize(("n", "shift", "wide", "promised"), [
    (300, 0.5, 1.0, 300), (300, -0.5, 1.0, 300), (1_000, 0.5, 1.0, 225), (300, 0.0, 2.0, 150),
])  # fmt: skip
def test_half_a_standard_deviation_is_noticed_after_a_few_hundred_requests(
    n: int, shift: float, wide: float, promised: int
) -> None:
    assert np.median(alarms(n, shift=shift, wide=wide, until=5_000, streams=100)) <= promised


@pytest.mark.parametrize("n", [100, 500])
def test_a_policy_that_was_fitted_on_all_its_rows_is_compared_out_of_fold_and_stays_quiet(n: int) -> None:
    rng, alarmed = np.random.default_rng(n), 0
    ladder = recorded_ladder(recorded_samples(1), ("small", "large"), [])
    for _ in range(200):
        fitted = fit_task(pair_traffic(rng, n), ladder, EscalationRate(0.25))
        assert fitted.confidences is not None
        fresh = apply_point(pair_traffic(rng, 10_000), fitted.points[0], salt=SALT).confidence[:, 0]
        alarmed += RankMonitor(fitted.confidences.values, fitted.confidences.n, arl=SHARED_ARL).watch(fresh)
    assert alarmed <= 8
