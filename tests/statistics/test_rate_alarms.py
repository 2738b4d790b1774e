"""How often the rate monitor cries wolf, and how soon it notices (docs/calibration.md, "The formulas")."""

from __future__ import annotations

import numpy as np
import pytest

from cascade.stats.rate_monitor import first_alarm

pytestmark = pytest.mark.slow

REPETITIONS = 400


def alarms(rate_after: float, *, after: int, until: int) -> np.ndarray:
    rng = np.random.default_rng(round(rate_after * 1000))
    found = []
    for _ in range(REPETITIONS):
        rate = np.where(np.arange(until) < after, 0.25, rate_after)
        found.append(first_alarm(rng.random(until) < rate, 0.25) or until + 1)
    return np.array(found)


@pytest.mark.parametrize("rate", [0.25, 0.28])
def test_false_alarms_are_rare_even_at_the_edge_of_the_band(rate):
    found = alarms(rate, after=0, until=20_000)
    # The mean run is at least ARL: at the edge at most 1 − 1/e of runs of that length may end in one, and inside few.
    assert np.mean(found <= 20_000) <= (0.03 if rate == 0.25 else 0.5)


@pytest.mark.parametrize(("rate", "promised"), [(0.35, 484), (0.45, 112)])
def test_a_shift_is_noticed_as_soon_as_measured_before(rate, promised):
    found = alarms(rate, after=2_000, until=6_000)
    late = found[found > 2_000] - 2_000
    assert np.median(late) <= promised * 1.15
