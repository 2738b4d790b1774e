"""SPEND: levels that are exact, thresholds that keep groups of ties whole, and bets in order of confidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.stats.risk import binomial_p
from calibration.stats.spending import bet, place_looks, spend, spend_level
from cascade.errors import DataError
from tests.drawn import examples


@pytest.mark.parametrize(
    ("alpha", "delta", "draws"), [(0.1, 0.1, 40), (0.05, 0.1, 61), (0.05, 0.05, 73), (0.02, 0.05, 149)]
)
def test_so_many_answers_without_error_are_needed_at_200_rows(alpha: float, delta: float, draws: int) -> None:
    looks = place_looks(np.linspace(1, 0, 200), alpha, delta)
    _, critical = spend_level(looks, alpha, delta)
    assert next(k for k, e in zip(looks, critical, strict=True) if e >= 0) == draws


@settings(max_examples=examples(20))
@given(alpha=st.sampled_from([0.02, 0.1, 0.3]), delta=st.sampled_from([0.05, 0.1]), n=st.integers(30, 400))
def test_the_level_spends_delta_and_no_more(alpha: float, delta: float, n: int) -> None:
    looks = place_looks(np.linspace(1, 0, n), alpha, delta)
    if not looks:
        return
    level, critical = spend_level(looks, alpha, delta)
    assert delta / len(looks) <= level <= delta
    for k, e in zip(looks, critical, strict=True):
        assert e < 0 or binomial_p(e, k, alpha) <= level
        assert binomial_p(e + 1, k, alpha) > level


def test_crossing_happens_as_often_as_computed() -> None:
    looks = place_looks(np.linspace(1, 0, 300), 0.1, 0.1)
    _, critical = spend_level(looks, 0.1, 0.1)
    rng = np.random.default_rng(0)
    sums = np.cumsum(rng.random((20_000, 300)) < 0.1, axis=1)[:, np.array(looks) - 1]
    crossed = np.mean(np.any(sums <= np.array(critical), axis=1))
    assert 0.08 < crossed <= 0.1 + 3 * np.sqrt(0.09 / 20_000)


@given(levels=st.integers(1, 12), seed=st.integers(0, 50))
def test_looks_fall_on_ends_of_ties_only(levels: int, seed: int) -> None:
    scores = np.sort(np.random.default_rng(seed).integers(0, levels, 150) / levels)[::-1]
    ends = {int(np.sum(scores >= value)) for value in np.unique(scores)}
    assert set(place_looks(scores, 0.1, 0.1)) <= ends


def test_answers_above_the_threshold_are_those_that_were_counted() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(500).round(2)
    right = rng.random(500) < 0.5 + 0.5 * scores
    found = spend(scores, right, 0.15, 0.1)
    assert found.threshold is not None
    assert found.passed is not None
    accepted = scores >= found.threshold
    assert accepted.sum() == found.looks[found.passed]
    assert (~right[accepted]).sum() == found.errors[found.passed] <= found.critical[found.passed]


@pytest.mark.parametrize("search", [spend, bet])
def test_only_wrong_answers_or_too_few_certify_nothing(search) -> None:
    assert search(np.linspace(0, 1, 100), np.zeros(100), 0.1, 0.1).threshold is None
    assert search([0.5] * 10, [1.0] * 10, 0.1, 0.1).threshold is None
    assert search([], [], 0.1, 0.1).threshold is None


@pytest.mark.parametrize("search", [spend, bet])
def test_only_right_answers_are_all_accepted(search) -> None:
    scores = np.linspace(0, 1, 200)
    assert search(scores, np.ones(200), 0.1, 0.1).threshold == 0.0


def test_fractional_labels_are_for_bets() -> None:
    scores = np.linspace(0, 1, 300)
    with pytest.raises(DataError, match="SPEND"):
        spend(scores, np.full(300, 0.95), 0.1, 0.1)
    found = bet(scores, np.full(300, 0.98), 0.1, 0.1)
    assert found.threshold == 0.0
    assert found.passed is not None
    assert found.errors[found.passed] == pytest.approx(6.0)


@pytest.mark.parametrize(("scores", "right"), [([0.1, float("nan")], [1, 1]), ([0.1], [float("nan")]), ([0.1], [1, 0])])
def test_rows_without_score_or_label_are_refused(scores: list[float], right: list[float]) -> None:
    with pytest.raises(DataError):
        spend(scores, right, 0.1, 0.1)
