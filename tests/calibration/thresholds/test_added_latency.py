"""Added latency: what is measured by hand, and a limit on it that every chosen policy keeps on its samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.candidates import list_candidates
from calibration.combine.rung_fits import RungFits
from calibration.samples.added_latency import limited, measure_added
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.bound import MaxLoss
from calibration.targets.target import ExpectedLoss
from calibration.thresholds.aimed import aim
from calibration.thresholds.path import policy_path
from cascade.errors import ConfigError, DataError
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT
from tests.synthetic import ladder_traffic


def timed(n: int, seed: int) -> Table:
    """Return traffic on four rungs whose answers take about .2, .4, .7 and 1 seconds, and a verdict .05."""
    rng = np.random.default_rng(seed)
    table = ladder_traffic(rng, n)
    seconds = np.array([0.2, 0.4, 0.7, 1.0]) * rng.lognormal(sigma=0.3, size=(n, 4))
    return replace(table, answer_s=seconds, verifier_s=np.full((n, 4), 0.05))


def added(table: Table, points: tuple[OperatingPoint, ...]) -> float:
    waits = [apply_point(table, point, salt=SALT).wait_s - table.answer_s[:, -1] for point in points]
    found = measure_added(waits, [point.weight for point in points])
    assert found is not None
    return found.p95_s


def test_the_quantiles_of_a_mix_are_those_of_its_requests_by_weight() -> None:
    slow, fast = np.full(40, 2.0), np.full(40, -1.0)
    found = [measure_added([slow, fast], [share, 1.0 - share]) for share in (0.04, 0.06, 0.6)]
    assert [(one.p50_s, one.p95_s) for one in found if one] == [(-1.0, -1.0), (-1.0, 2.0), (2.0, 2.0)]
    assert measure_added([np.where(np.arange(40) < 19, 1.0, np.nan)], [1.0]) is None


@pytest.mark.parametrize("rungs", [("r0", "top"), ("r0", "r1", "top")])
def test_what_an_aim_chooses_keeps_the_limit_and_one_that_binds_costs(rungs: tuple[str, ...]) -> None:
    whole = timed(250, seed=len(rungs)).on(rungs)
    costs = []
    for most in (5.0, 0.3):
        fits = RungFits(limited(whole, most))
        found = aim(fits, ExpectedLoss(0.03), choose_rungs=True)
        assert found.path is not None
        assert found.mix is not None
        points = tuple(found.path.point(one, weight=share) for share, one in found.mix)
        assert added(whole, points) <= most + 1e-9
        costs.append(sum(share * one.cost_usd for share, one in found.mix))
    free = aim(RungFits(whole), ExpectedLoss(0.03), choose_rungs=True)
    assert free.mix is not None
    assert costs[0] == sum(share * one.cost_usd for share, one in free.mix)
    assert costs[0] < min(costs[1:])


def test_candidates_of_a_certificate_keep_the_limit_and_what_is_reachable_is_said() -> None:
    table = timed(250, seed=9).on(("r0", "r1", "top"))
    path = policy_path(RungFits(limited(table, 0.3)), choose_rungs=True)
    candidates = list_candidates(path, MaxLoss(0.05), caution=0.2)
    assert len(candidates) > 1
    assert max(added(table, one) for one in candidates) <= 0.3 + 1e-9
    assert (path.within_words() or "").startswith("Within 0.30 s added at p95 the cheapest policy costs $0.00")
    slow = limited(
        replace(table, answer_s=table.answer_s + np.array([3.0, 3.0, 0.0])), 0.0
    )  # each rung slower than the top
    alone = policy_path(RungFits(slow))
    assert alone.within_words() == "Within 0.0 ms added at p95 there is none but always top."
    assert all(point.rungs == ("top",) for one in list_candidates(alone, MaxLoss(0.05)) for point in one)


def test_a_limit_that_samples_cannot_tell_or_that_is_none_is_refused_in_a_sentence() -> None:
    table = timed(100, seed=2)
    bare = replace(table, answer_s=np.where(np.arange(100)[:, None] < 19, table.answer_s, np.nan))
    with pytest.raises(DataError, match="19 of 100 samples have the latency"):
        limited(bare, 1.0)
    with pytest.raises(ConfigError, match=r"-1\.0; seconds were expected, 0 or more"):
        limited(table, -1.0)
