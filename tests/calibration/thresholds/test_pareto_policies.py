"""The hull: what no mix of other policies beats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.thresholds.pareto_policies import pareto_hull

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
