"""ECE, Brier and AURC agree with their definitions, and depend on no order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.measures import aurc, brier, ece
from cascade.stats.auroc import auroc

rows = st.lists(st.tuples(st.integers(0, 8).map(lambda c: c / 8), st.sampled_from([0.0, 0.3, 1.0])), min_size=2)


@given(rows, st.randoms())
def test_no_measure_depends_on_the_order_of_rows(found, random):
    shuffled = random.sample(found, len(found))
    for measure in (auroc, ece, brier, aurc):
        one, other = measure(*zip(*found, strict=True)), measure(*zip(*shuffled, strict=True))
        assert one == pytest.approx(other)


def test_perfect_order_has_auroc_one_and_the_least_aurc():
    c, y = np.linspace(0, 1, 10), np.repeat([0.0, 1.0], 5)
    assert auroc(c, y) == 1.0
    assert auroc(-c, y) == 0.0
    assert aurc(c, y) == pytest.approx(np.mean([0, 0, 0, 0, 0, 1 / 6, 2 / 7, 3 / 8, 4 / 9, 5 / 10]))


def test_confidences_that_say_nothing_get_the_error_rate():
    y = np.repeat([0.0, 1.0], [3, 7])
    assert aurc(np.full(10, 0.7), y) == pytest.approx(0.3)
    assert auroc(np.full(10, 0.7), y) == 0.5
    assert ece(np.full(10, 0.7), y) == pytest.approx(0.0)
    assert brier(np.full(10, 0.7), y) == pytest.approx(0.21)


def test_overconfidence_is_the_calibration_error():
    assert ece(np.full(100, 0.9), np.repeat([0.0, 1.0], 50)) == pytest.approx(0.4)


@pytest.mark.parametrize("measure", [auroc, ece, brier, aurc])
def test_rows_without_score_or_label_are_left_out(measure):
    c, y = [0.2, 0.9, np.nan, 0.4], [0.0, 1.0, 1.0, np.nan]
    assert measure(c, y) == measure(c[:2], y[:2])
    assert measure([np.nan], [1.0]) is None
    assert measure([], []) is None
