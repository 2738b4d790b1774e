"""Splits: disjoint, groups whole, about as large as asked, and the same every time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.split import first_rows, split_rows
from cascade.stats.influence import number_groups

GROUPS = st.lists(st.none() | st.integers(0, 20).map(str), max_size=120)


@given(groups=GROUPS, seed=st.integers(0, 9), share=st.floats(0.1, 0.9))
def test_no_group_is_on_both_sides_and_shares_are_kept(groups: list[str | None], seed: int, share: float) -> None:
    first = split_rows(groups, seed=seed, share=share)
    assert first.tolist() == split_rows(groups, seed=seed, share=share).tolist()
    sides = [
        {name for name, taken in zip(groups, first, strict=True) if taken is side and name} for side in (True, False)
    ]
    assert not sides[0] & sides[1]
    largest = max((groups.count(name) for name in groups if name), default=1)
    assert round(share * len(groups)) <= first.sum() <= round(share * len(groups)) + largest - 1 or not len(groups)


def test_samples_without_groups_split_exactly() -> None:
    assert split_rows([None] * 200, seed=0).sum() == 80


@given(groups=GROUPS, seed=st.integers(0, 9))
def test_each_group_is_drawn_once(groups: list[str | None], seed: int) -> None:
    code = number_groups(groups)
    drawn = first_rows(code, seed=seed)
    assert sorted(code[drawn]) == list(range(len(drawn)))
    assert len(drawn) == (code.max() + 1 if len(code) else 0)


def test_a_group_is_its_first_row_wherever_it_is_drawn() -> None:
    code = np.array([0, 1, 0, 0, 1])
    orders = {tuple(first_rows(code, seed=seed)) for seed in range(20)}
    assert orders == {(0, 1), (1, 0)}
