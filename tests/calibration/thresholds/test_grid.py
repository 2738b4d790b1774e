"""The grid is what evaluating every threshold vector one by one would give."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.thresholds.grid import CELLS, bin_ranks, count_bins, evaluate_grid
from tests.drawn import examples


def climbed(bins, index, quality, cost, weights):
    """One threshold vector, row by row: mean quality, mean cost, mean quality of the top's answers, reach of rungs."""
    right = spent = top = 0.0
    reach = np.zeros(quality.shape[1])
    for i, weight in enumerate(weights):
        for k in range(quality.shape[1]):
            reach[k] += weight
            spent += weight * cost[i, k]
            if k == quality.shape[1] - 1 or bins[k][i] > index[k]:
                right += weight * quality[i, k]
                top += weight * quality[i, k] * (k == quality.shape[1] - 1)
                break
    return np.array([right, spent, top, *reach]) / weights.sum()


@settings(max_examples=examples(60))
@given(seed=st.integers(0, 10**6), rungs=st.integers(1, 4), n=st.integers(1, 12), levels=st.integers(1, 4))
def test_every_threshold_vector_is_evaluated_exactly(seed, rungs, n, levels):
    rng = np.random.default_rng(seed)
    cut = [
        bin_ranks(rng.integers(0, levels, n) / levels, levels + 1, forced=rng.random(n) < 0.2) for _ in range(rungs - 1)
    ]
    bins, sizes = [found for found, _ in cut], [size for _, size in cut]
    quality, cost, weights = rng.random((n, rungs)), rng.random((n, rungs)), rng.random(n) + 0.01
    grid = evaluate_grid(bins, sizes, quality, cost, weights)
    assert grid.quality.shape == tuple(sizes)
    for index in product(*map(range, sizes)):
        reach = [share[index[:k]] for k, share in enumerate(grid.reach)]
        found = [grid.quality[index], grid.cost[index], grid.top_quality[index], *reach]
        assert found == pytest.approx(climbed(bins, index, quality, cost, weights), abs=1e-12)


@given(
    st.lists(st.integers(0, 30).map(lambda c: c / 30), min_size=1, max_size=60),
    st.integers(2, 20),
    st.integers(0, 10**6),
)
def test_bins_keep_ties_whole_and_the_order(found, bins, seed):
    c = np.array(found)
    forced = np.random.default_rng(seed).random(len(c)) < 0.3
    at, count = bin_ranks(c, bins, forced=forced)
    assert np.all(at[forced] == 0)
    assert np.all(at[~forced] >= 1)
    assert count <= bins + 1
    assert at.max() < count
    for value in np.unique(c[~forced]):
        assert len(set(at[~forced & (c == value)])) == 1
    order = np.argsort(c[~forced], kind="stable")
    assert np.all(np.diff(at[~forced][order]) >= 0)


def test_more_rungs_have_coarser_bins_and_few_rows_few():
    assert [count_bins(rungs, 10**6) for rungs in (2, 3, 4, 5, 6)] == [256, 256, 125, 37, 18]
    assert count_bins(6, 10**6) ** 5 <= CELLS
    assert count_bins(3, 60) == 20
    assert count_bins(3, 10) == 8


def test_threshold_indices_run_from_vetoes_alone_to_all():
    at, count = bin_ranks(np.array([0.1, 0.4, 0.9]), 10, forced=np.array([False, False, True]))
    grid = evaluate_grid([at], [count], np.ones((3, 2)), np.ones((3, 2)))
    assert grid.reach[1].tolist() == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert grid.rates((0,)) == pytest.approx((1 / 3,))
