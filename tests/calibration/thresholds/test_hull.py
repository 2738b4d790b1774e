"""A policy is held against the hull of all single models: one below it is named, with the mix that beats it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.samples.table import Table
from calibration.thresholds.hull import (
    chord_above_hull,
    compare_with_hull,
    hull_sentences,
    say_hull,
    say_reference,
)
from cascade.stats.influence import measure_mean
from cascade.stats.single_mix import mix_at
from tests.drawn import examples
from tests.synthetic import ladder_traffic

COST = np.array([0.001, 0.002, 0.006, 0.02])
"""Mean US dollars of an answer, by rung."""


def traffic(n: int = 2000, seed: int = 0, cost: np.ndarray = COST) -> Table:
    """Return four models that are right .61, .75, .84 and .91 of the time."""
    rng = np.random.default_rng(seed)
    table = ladder_traffic(rng, n)
    table.answer_usd[:] = cost * rng.uniform(0.8, 1.2, (n, 4))
    return table


def mixed(table: Table, shares: list[float], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return correctness and cost of asking one model a row, drawn by shares."""
    which = np.random.default_rng(seed).choice(4, p=shares, size=len(table))
    rows = np.arange(len(table))
    return table.correct[rows, which], table.answer_usd[rows, which]


def test_a_policy_that_is_right_less_often_than_a_mix_of_its_cost_is_below_and_the_mix_is_named() -> None:
    table = traffic()
    correct, usd = mixed(table, [0.0, 0.5, 0.5, 0.0])
    found = compare_with_hull(table, correct, usd + 0.003)
    assert found is not None
    assert found.below is True
    assert set(found.mix) <= set(table.rungs)
    assert sum(found.mix.values()) == pytest.approx(1.0)
    said = say_hull(found.to_json())
    assert said is not None
    assert said.startswith("Below the hull of single models:")
    assert all(name in said for name in found.mix)


def test_a_policy_that_is_right_more_often_than_every_mix_of_its_cost_is_above_and_nothing_is_said() -> None:
    table = traffic()
    best = table.correct.max(axis=1)
    found = compare_with_hull(
        table, np.where(np.arange(len(table)) % 2 == 0, best, table.correct[:, 2]), np.full(len(table), 0.004)
    )
    assert found is not None
    assert found.below is False
    assert say_hull(found.to_json()) is None


def test_a_random_mix_is_on_the_hull_and_neither_above_nor_below_beyond_chance() -> None:
    below = above = 0
    for seed in range(40):
        table = traffic(400, seed)
        found = compare_with_hull(table, *mixed(table, [0.0, 0.4, 0.6, 0.0], seed + 100))
        assert found is not None
        below += found.below is True
        above += found.below is False
    assert below <= 6, "the interval has 90 %, half of the rest on each side"
    assert above <= 6


def test_more_accurate_than_every_model_is_above() -> None:
    table = traffic()
    found = compare_with_hull(table, np.ones(len(table)), np.full(len(table), 1.0))
    assert found is not None
    assert found.mix_accuracy is not None
    assert (found.below, say_hull(found.to_json())) == (False, None)
    cheap = compare_with_hull(table, np.ones(len(table)), np.full(len(table), 1e-9))
    assert cheap is not None
    assert (cheap.below, dict(cheap.mix), say_hull(cheap.to_json())) == (False, {}, None)


def test_report_and_calibration_take_the_mix_and_the_words_from_one_place() -> None:
    assert mix_at(0.5, ("a", "b"), (0.0, 1.0), (0.2, 0.8)) == pytest.approx({"a": 0.5, "b": 0.5})
    assert mix_at(2.0, ("a", "b"), (0.0, 1.0), (0.9, 0.8)) == {"a": 1.0}, "the dearer one is no better"
    assert mix_at(0.5, ("a", "b"), (1.0, 2.0), (0.2, 0.8)) == {}
    table = traffic()
    found = compare_with_hull(table, *mixed(table, [0.0, 0.5, 0.5, 0.0]))
    assert found is not None
    lead = (found.mix_accuracy or 0.0) - found.accuracy
    assert found.lead == pytest.approx(lead)


def test_a_model_that_the_policy_does_not_ask_counts_too() -> None:
    table = traffic(cost=np.array([0.001, 0.0001, 0.006, 0.02]))
    correct, usd = mixed(table, [1.0, 0.0, 0.0, 0.0])
    found = compare_with_hull(table, correct, usd)
    assert found is not None
    assert found.below is True
    assert list(found.mix) == [table.rungs[1], table.rungs[2]]


def test_too_few_labelled_rows_say_nothing() -> None:
    table = traffic(100)
    correct, usd = mixed(table, [0.25] * 4)
    correct[15:] = np.nan
    assert compare_with_hull(table, correct, usd) is None
    assert hull_sentences(None, traffic(10)) == []


def test_a_reference_that_another_model_beats_is_named_and_one_within_chance_is_not() -> None:
    table = traffic()
    assert say_reference(table) is None
    table.correct[:, [1, 3]] = table.correct[:, [3, 1]]
    said = say_reference(table)
    assert said is not None
    assert f"{table.rungs[3]} is not the best model: {table.rungs[1]}" in said


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 10_000), st.permutations([0.001, 0.002, 0.006, 0.02]))
def test_further_models_never_raise_the_hull(seed: int, cost: list[float]) -> None:
    table = traffic(60, seed, np.array(cost))
    right, usd = ([measure_mean(column) for column in each.T] for each in (table.correct, table.answer_usd))
    whole, two = chord_above_hull(0, right, usd), chord_above_hull(0, [right[0], right[3]], [usd[0], usd[3]])
    assert whole.value >= two.value - 1e-12 >= -1e-12


def test_what_a_model_between_is_worth_is_the_area_under_the_chord() -> None:
    def fixed(value: float) -> object:
        return measure_mean(np.full(50, value))

    right, usd = [fixed(0.6), fixed(0.8), fixed(1.0)], [fixed(1.0), fixed(1.0), fixed(5.0)]
    # The chord rises from 1 to 5 over accuracies .6 to 1; with the model between, it costs 1 up to .8.
    gap = chord_above_hull(0, right, usd).value  # type: ignore[arg-type]
    assert gap == pytest.approx(0.5 * 0.4 * 4.0 - 0.5 * 0.2 * 4.0)
