"""The promise of a rate: how far true and realised rates lie from the target, repeated thousands of times."""

import numpy as np
import pytest

from calibration.stats.rate import escalates, fit_threshold, rate_interval, rate_predictive

pytestmark = pytest.mark.slow

RATE = 0.25
REPEATS = 4000


class Traffic:
    """Scores that are atoms with given probabilities, else uniform on [0.2, 0.9]."""

    def __init__(self, **atoms):
        self.values = np.array([float(name.removeprefix("at_").replace("_", ".")) for name in atoms])
        self.shares = np.array(list(atoms.values()))
        self.rest = 1.0 - self.shares.sum()

    def draw(self, rng, n):
        which = rng.choice(len(self.values) + 1, n, p=[*self.shares, self.rest])
        return np.where(which < len(self.values), np.append(self.values, 0)[which], rng.uniform(0.2, 0.9, n))

    def true_rate(self, t, g):
        atoms = self.shares[self.values < t].sum() + g * self.shares[self.values == t].sum()
        return atoms + self.rest * np.clip((t - 0.2) / 0.7, 0, 1)


CONTINUOUS = Traffic()
THREE_LEVELS = Traffic(at_0_1=0.2, at_0_5=0.5, at_0_9=0.3)
PASS_FAIL = Traffic(at_0=0.1, at_1=0.9)
MIXTURES = {
    "continuous": CONTINUOUS,
    "three levels": THREE_LEVELS,
    "pass or fail": PASS_FAIL,
    "vetoes, and scores at the target": Traffic(at_0=0.24),
    "an atom ends at the target": Traffic(at_0=0.25),
    "a small atom at the target": Traffic(at_0_375=0.02),
    "an atom below and one above": Traffic(at_0_1=0.1, at_0_3=0.1, at_1=0.3),
    "forty small atoms": Traffic(**{f"at_0_{k + 20}": 0.025 for k in range(40)}),
    "most are sure": Traffic(at_1=0.76),
}


def _true_rates(traffic, n, repeats=REPEATS):
    rng = np.random.default_rng(n)
    return np.array([traffic.true_rate(*fit_threshold(traffic.draw(rng, n), RATE)) for _ in range(repeats)])


@pytest.mark.parametrize(
    ("traffic", "points"),
    [(CONTINUOUS, (4.7, 2.4, 1.1)), (THREE_LEVELS, (4.2, 2.1, 0.9)), (PASS_FAIL, (2.8, 1.4, 0.6))],
    ids=["continuous", "three levels", "pass or fail"],
)
def test_the_true_rate_lies_as_near_as_promised(traffic, points):
    found = [100 * np.abs(_true_rates(traffic, n) - RATE).mean() for n in (50, 200, 1000)]
    assert found == pytest.approx(points, rel=0.06, abs=0.06)


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("traffic", MIXTURES.values(), ids=MIXTURES)
def test_the_expected_true_rate_is_the_target_on_any_mixture(traffic, n):
    rates = _true_rates(traffic, n)
    assert abs(rates.mean() - RATE) <= 0.25 / (n + 1) + 4 * rates.std() / np.sqrt(REPEATS)


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("traffic", MIXTURES.values(), ids=MIXTURES)
def test_the_interval_covers_the_true_rate(traffic, n):
    low, high = rate_interval(n, RATE)
    rates = _true_rates(traffic, n)
    assert np.mean((rates >= low) & (rates <= high)) >= 0.88


@pytest.mark.parametrize("m", [50, 200, 1000])
@pytest.mark.parametrize("traffic", MIXTURES.values(), ids=MIXTURES)
def test_the_next_requests_stay_in_the_predictive_interval(traffic, m):
    rng = np.random.default_rng(m)
    low, high = rate_predictive(200, RATE, m)
    realised = np.empty(REPEATS)
    for repeat in range(REPEATS):
        t, g = fit_threshold(traffic.draw(rng, 200), RATE)
        realised[repeat] = escalates(traffic.draw(rng, m), rng.random(m), t, g).mean()
    assert np.mean((realised >= low) & (realised <= high)) >= 0.88


def test_vetoed_rows_count_towards_the_rate():
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(REPEATS):
        vetoed = rng.random(200) < 0.1
        t, g = fit_threshold(CONTINUOUS.draw(rng, 200), RATE, vetoed=vetoed)
        rates.append(0.1 + 0.9 * CONTINUOUS.true_rate(t, g))
    low, high = rate_interval(200, RATE)
    assert np.mean(rates) == pytest.approx(RATE, abs=0.002)
    assert np.mean((np.array(rates) >= low) & (np.array(rates) <= high)) >= 0.88


def test_a_plain_quantile_would_miss_by_far_on_pass_or_fail():
    rng = np.random.default_rng(0)
    quantiles = [PASS_FAIL.true_rate(np.quantile(PASS_FAIL.draw(rng, 200), RATE), 0.0) for _ in range(200)]
    assert np.abs(np.array(quantiles) - RATE).mean() == pytest.approx(0.15, abs=0.01)
