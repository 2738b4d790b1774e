"""The hull: what no mix of other policies beats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.thresholds.evidence import ParetoPolicy
from calibration.thresholds.pareto_policies import hull_of, pareto_hull

points = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=40)


def best_mix(cost, quality, budget):
    """The best quality that mixing any two points buys."""
    best = -np.inf
    for a in range(len(cost)):
        for b in range(len(cost)):
            if cost[a] <= budget:
                best = max(best, quality[a])
            if cost[a] <= budget < cost[b]:
                best = max(best, quality[a] + (quality[b] - quality[a]) * (budget - cost[a]) / (cost[b] - cost[a]))
    return best


@given(points)
def test_no_mix_of_any_points_lies_above_the_hull(found):
    cost, quality = np.array(found, dtype=float).T
    hull = pareto_hull(cost, quality)
    for budget in np.unique(np.concatenate([cost, (cost[:-1] + cost[1:]) / 2])):
        if budget >= cost.min():
            assert np.interp(budget, cost[hull], quality[hull]) == pytest.approx(best_mix(cost, quality, budget))


@given(points)
def test_along_the_hull_quality_rises_with_cost_ever_more_slowly(found):
    cost, quality = np.array(found, dtype=float).T
    hull = pareto_hull(cost, quality)
    assert np.all(np.diff(cost[hull]) > 0)
    slopes = np.diff(quality[hull]) / np.diff(cost[hull])
    assert np.all(slopes > 0)
    assert np.all(np.diff(slopes) < 0)


def test_one_policy_that_is_cheapest_and_best_is_the_whole_hull():
    assert pareto_hull(np.array([3.0, 1.0, 2.0]), np.array([0.5, 0.9, 0.9])).tolist() == [1]


ULPS = st.sampled_from([-2, -1, 0, 1, 2])
"""By how many last bits sums of the same numbers in another order differ."""


def off(value, ulps):
    return value * (1.0 + ulps * np.finfo(float).eps)


@given(points, st.data(), st.sampled_from([1e-6, 1.0, 1 / 3]))
def test_a_policy_that_asks_more_rungs_for_the_same_is_never_on_the_hull(found, data, usd):
    cost, quality = np.array(found, dtype=float).T * [[usd], [1 / 30]]
    twins = [[off(value, data.draw(ULPS)) for value in row] for row in (cost, quality)]
    order = np.array(data.draw(st.permutations(range(2 * len(found)))))
    both, rungs = np.hstack([[cost, quality], twins])[:, order], np.repeat([1, 2], len(found))[order]
    hull = pareto_hull(*both, rungs)
    assert np.all(rungs[hull] == 1)
    assert both[0, hull] == pytest.approx(cost[pareto_hull(cost, quality)])


@pytest.mark.parametrize("ulps", [-1, 0, 1])
def test_a_model_alone_stands_for_the_ladder_that_never_leaves_it(ulps):
    alone = ParetoPolicy(rungs=("small",), quality=0.7, cost_usd=0.1)
    never = ParetoPolicy(rungs=("small", "large"), rates=(0.0,), quality=off(0.7, ulps), cost_usd=off(0.1, -ulps))
    top = ParetoPolicy(rungs=("large",), quality=0.9, cost_usd=1.0)
    assert hull_of([never, alone, top]) == hull_of([top, alone, never]) == (top, alone)
