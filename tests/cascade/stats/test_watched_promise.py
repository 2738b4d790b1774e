"""A watched promise is refuted where the risk is above its bound, and seldom where it is not, at any look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import DataError
from cascade.stats.watched_promise import WatchedPromise, watch_promise

DELTA = 0.1


def stream(risk: np.ndarray, rng: np.random.Generator, labelled: float = 1.0, per_day: int = 20) -> WatchedPromise:
    harm = (rng.random(len(risk)) < risk).astype(float)
    known = rng.random(len(risk)) < labelled
    days = np.arange(len(risk)) // per_day
    return watch_promise(np.where(known, harm, 0.0), np.where(known, harm, 1.0), days, bound=0.05, delta=DELTA)


@pytest.mark.parametrize(("risk", "said"), [(0.05, "refuted"), (0.0501, "holds")])
def test_at_the_bound_neither_is_said_more_often_than_promised(risk: float, said: str) -> None:
    rng = np.random.default_rng(7)
    wrong = sum(stream(np.full(400, min(risk, 0.05)), rng).state == said for _ in range(100))
    assert wrong / 100 <= DELTA


@pytest.mark.slow
@pytest.mark.parametrize("labelled", [1.0, 0.5])
def test_over_two_thousand_streams_false_refutations_stay_below_delta(labelled: float) -> None:
    rng = np.random.default_rng(11)
    refuted = sum(stream(np.full(1_500, 0.05), rng, labelled).state == "refuted" for _ in range(1_000))
    held = sum(stream(np.full(1_500, 0.05), rng, labelled).state == "holds" for _ in range(1_000))
    assert max(refuted, held) / 1_000 <= DELTA


def test_a_jump_after_a_thousand_good_rows_is_seen() -> None:
    seen = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = stream(np.concatenate([np.full(1_000, 0.01), np.full(1_000, 0.2)]), rng)
        assert found.state == "refuted"
        seen.append((found.refuted_at or 0) - 1_000)
    assert np.median(seen) < 150
    assert min(seen) > 0


def test_a_promise_that_is_kept_with_room_is_said_to_hold() -> None:
    found = stream(np.full(1_000, 0.01), np.random.default_rng(1))
    assert (found.state, found.unknown) == ("holds", 0)


def test_without_labels_nothing_is_said_in_either_direction() -> None:
    found = stream(np.full(1_000, 0.5), np.random.default_rng(1), labelled=0.0)
    assert (found.state, found.harmed, found.unknown) == ("too few", 0, 1_000)


@given(st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), st.booleans()), max_size=60))
def test_a_label_only_ever_moves_the_evidence_towards_what_it_says(rows: list[tuple[float, bool]]) -> None:
    days = [0] * len(rows)
    whole = watch_promise([r for r, _ in rows], [r for r, _ in rows], days, bound=0.1, delta=DELTA, least=-1.0)
    low = [r if known else min(r, 0.0) for r, known in rows]
    high = [r if known else 1.0 for r, known in rows]
    part = watch_promise(low, high, days, bound=0.1, delta=DELTA, least=-1.0)
    assert part.in_favour <= whole.in_favour + 1e-9
    assert not (whole.state != "refuted" and part.state == "refuted" and all(r >= 0 for r, _ in rows))


def test_what_cannot_be_tested_is_refused() -> None:
    for low, high, days, bound in (([0.0], [], [0], 0.1), ([0.0], [0.0], [0], 0.0), ([1.0], [0.0], [0], 0.1),
                                   ([0.0, 0.0], [0.0, 0.0], [1, 0], 0.1), ([-0.5], [0.0], [0], 0.1)):  # fmt: skip
        with pytest.raises(DataError):
            watch_promise(low, high, days, bound=bound, delta=DELTA)
