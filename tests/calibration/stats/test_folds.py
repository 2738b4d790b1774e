"""Folds are balanced in correctness and never split a group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.folds import assign_folds
from cascade.errors import DataError

labels = st.lists(st.sampled_from([0.0, 0.4, 1.0, float("nan")]), min_size=1, max_size=80)


@given(labels, st.integers(0, 9))
def test_each_fold_gets_its_share_of_every_kind(correct, seed):
    y = np.array(correct)
    fold = assign_folds(y, seed=seed)
    for kind in (y >= 0.5, y < 0.5, np.isnan(y)):
        assert np.ptp(np.bincount(fold[kind], minlength=5)) <= 1


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from(["a", "b", "c", "d", None])), min_size=1))
def test_a_group_is_never_parted(rows):
    fold = assign_folds([y for y, _ in rows], seed=3, groups=[name for _, name in rows])
    for name in "abcd":
        assert len({f for f, (_, group) in zip(fold, rows, strict=True) if group == name}) <= 1


def test_groups_are_spread_evenly():
    fold = assign_folds(np.arange(200) % 4 > 0, seed=0, groups=[str(row // 5) for row in range(200)])
    assert np.ptp(np.bincount(fold)) <= 10


def test_the_seed_decides():
    y = np.arange(50) % 2
    assert np.array_equal(assign_folds(y, seed=1), assign_folds(y, seed=1))
    assert not np.array_equal(assign_folds(y, seed=1), assign_folds(y, seed=2))


def test_groups_must_be_one_a_sample():
    with pytest.raises(DataError, match="2 groups for 3 samples"):
        assign_folds([0, 1, 1], seed=0, groups=["a", "b"])
