"""The promise of a certificate: wrong at most as often as said, in every scenario, and of use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.certification import certify
from calibration.stats.spending import bet, spend
from calibration.targets.bound import MaxError
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT
from tests.scenarios import SCENARIOS, Scenario
from tests.synthetic import SURE, table_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SPLITS = 2000


def noise(delta: float, repeats: int = SPLITS) -> float:
    """Return three standard errors of a rate that is exactly delta."""
    return 3.0 * float(np.sqrt(delta * (1.0 - delta) / repeats))


def outcomes(search, scenario: Scenario, n: int, seed: int = 0) -> tuple[float, float]:
    """Return how often the certified threshold breaks the bound, and the mean share that is accepted."""
    rng = np.random.default_rng([seed, n])
    found = [
        scenario.above(search(*scenario.draw(rng, n), scenario.alpha, scenario.delta).threshold) for _ in range(SPLITS)
    ]
    errors, shares = np.array(found).T
    return float(np.mean(errors > scenario.alpha)), float(shares.mean())


@pytest.mark.parametrize("n", [50, 200, 500, 1000])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("search", [spend, bet])
def test_a_threshold_is_wrong_at_most_as_often_as_said(search, scenario: Scenario, n: int) -> None:
    violations, _ = outcomes(search, scenario, n)
    assert violations <= scenario.delta + noise(scenario.delta)


@pytest.mark.parametrize(("n", "accepted"), [(200, 0.21), (500, 0.38), (1000, 0.46)])
def test_spend_accepts_as_much_as_it_should(n: int, accepted: float) -> None:
    scenario = SCENARIOS["smooth"]
    assert scenario.oracle == pytest.approx(0.61, abs=0.005)
    assert outcomes(spend, scenario, n)[1] >= accepted - 0.01


def test_the_loosest_threshold_that_looks_good_would_be_wrong_half_of_the_time() -> None:
    def plug_in(c, y, alpha: float) -> float:
        order = np.argsort(-c)
        return c[order][np.flatnonzero(np.cumsum(1 - y[order]) <= alpha * np.arange(1, len(c) + 1))[-1]]

    rng = np.random.default_rng(0)
    scenario = SCENARIOS["smooth"]
    errors = [scenario.above(plug_in(*scenario.draw(rng, 500), scenario.alpha))[0] for _ in range(500)]
    assert np.mean(np.array(errors) > scenario.alpha) > 0.4


def test_fractional_labels_at_the_bound_are_certified_at_most_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    # Mean error exactly .1 at every confidence, spread between 0 and 1.
    certified = [
        bet(rng.random(300), 1.0 - rng.beta(0.5, 4.5, 300), 0.1, 0.1).threshold is not None for _ in range(SPLITS)
    ]
    assert np.mean(certified) <= 0.1 + noise(0.1)


def test_turns_of_a_session_count_once_and_would_break_the_promise_otherwise() -> None:
    point = OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=0.5),), combiners={"r0": SURE})
    rng = np.random.default_rng(0)
    wrong, repeats = np.zeros(2), 1000
    for _ in range(repeats):
        # Ten turns a session, correlated by .3, wrong just too often at every confidence.
        luck = np.repeat(rng.beta(0.9 * (1 / 0.3 - 1), 0.1 * (1 / 0.3 - 1), 60), 10)
        right = (rng.random(600) < luck).astype(float)
        table = table_of(rng.random((600, 1)), np.column_stack([right, np.ones(600)]))
        grouped = replace(table, groups=tuple(f"s{i // 10}" for i in range(600)))
        found = [certify(laid, [(point,)], MaxError(0.1), delta=0.1, salt=SALT) for laid in (table, grouped)]
        wrong += [one.certificate.certified for one in found]
    assert wrong[0] / repeats > 0.15
    assert wrong[1] / repeats <= 0.1 + noise(0.1, repeats)
