"""Groups of unequal size: a certificate is about a random request, and copies are one group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.certify.certification import certify
from calibration.certify.weighting import ordinal, places_in_group, weigh
from calibration.fit.certified_task import fit_certified
from calibration.samples.copies import CopyGroups, count_copies
from calibration.samples.table import Table
from calibration.targets.bound import Bound, MaxError, MaxLoss
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT
from tests.recordings import recorded_samples
from tests.synthetic import SURE, table_of

PATH = [
    (OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=t),), combiners={"r0": SURE}),)
    for t in (0.3, 0.2, 0.1)
]


def sessions(rng: np.random.Generator, sizes: np.ndarray, wrong: np.ndarray) -> Table:
    """Return sessions of these sizes, of which session i is wrong with probability wrong[i], request by request."""
    which = np.repeat(np.arange(len(sizes)), sizes)
    ours = (rng.random(len(which)) >= wrong[which]).astype(float)
    table = table_of(np.full((len(which), 1), 0.5), np.column_stack([ours, np.ones(len(which))]))
    return replace(table, groups=tuple(f"s{i}" for i in which))


@given(st.lists(st.none() | st.sampled_from("abc"), max_size=30))
def test_places_count_the_rows_of_a_group_in_their_order(groups: list[str | None]) -> None:
    places = places_in_group(groups)
    seen: dict[str, int] = {}
    for name, place in zip(groups, places.tolist(), strict=True):
        assert place == (0 if name is None else seen.get(name, 0))
        if name is not None:
            seen[name] = place + 1


def test_most_leaves_at_most_a_twentieth_of_the_requests_beyond() -> None:
    found = weigh([f"s{i // 10}" for i in range(200)])
    assert found is not None
    assert (found.most, found.beyond, found.sessions) == (10, 0.0, True)
    long = weigh([*(f"s{i}" for i in range(98)), "x", "x"])
    assert long is not None
    assert (long.most, long.beyond) == (1, pytest.approx(0.01))
    assert weigh([None] * 5) is None
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 22)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd"]


def test_copies_share_a_group_and_one_that_has_a_group_keeps_it() -> None:
    groups = CopyGroups()
    first, other = recorded_samples(2)
    for sample in (first, other, first, first):
        groups.add(sample)
    found = groups.of([None, None, None, "session"])
    assert found[0] == found[2] is not None
    assert (found[1], found[3]) == (None, "session")
    assert count_copies(found) == (2, 1)


@pytest.mark.parametrize("bound", [MaxError(0.2), MaxLoss(0.05)])
def test_where_long_sessions_are_worse_the_risk_of_a_request_is_reported(bound: Bound) -> None:
    rng = np.random.default_rng(0)
    sizes = np.tile([1, 1, 1, 9], 200)
    table = sessions(rng, sizes, np.where(sizes > 1, 0.04, 0.0))
    found = certify(table, PATH, bound, delta=0.1, salt=SALT).certificate
    assert found.certified
    assert found.risk == pytest.approx(0.04 * 9 / 12, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["loss", "error"])
@pytest.mark.parametrize(("long", "share"), [(9, 0.25), (30, 0.05), (3, 0.5)])
def test_a_bound_on_requests_is_certified_at_most_as_often_as_said_where_long_sessions_are_worse(
    kind: str, long: int, share: float
) -> None:
    # Long sessions are wrong just so often that a random request is wrong a hair more often than allowed.
    alpha = 0.1
    per_request = share * long / (share * long + 1.0 - share)
    bound: Bound = MaxError(alpha) if kind == "error" else MaxLoss(alpha)
    rng, wrong, repeats = np.random.default_rng(long), 0, 1000
    for _ in range(repeats):
        sizes = np.where(rng.random(120) < share, long, 1)
        table = sessions(rng, sizes, np.where(sizes > 1, (alpha + 0.001) / per_request, 0.0))
        learnt = sessions(rng, np.where(rng.random(80) < share, long, 1), np.zeros(80))
        wrong += certify(table, PATH, bound, delta=0.1, salt=SALT, learnt=learnt).certificate.certified
    assert wrong / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)


@pytest.mark.slow
def test_sixty_requests_five_times_each_certify_wrongly_at_most_as_often_as_said() -> None:
    rng, wrong, repeats = np.random.default_rng(5), 0, 1000
    for _ in range(repeats):
        score = rng.random(60)
        ours = (rng.random(60) >= 0.1501).astype(float)
        once = table_of(score[:, None], np.column_stack([ours, np.ones(60)]))
        five = once.take(np.repeat(np.arange(60), 5))
        copies = replace(five, ids=tuple(map(str, range(300))), groups=tuple(f"\0content:{i // 5}" for i in range(300)))
        found = fit_certified(copies, MaxError(0.15))
        wrong += found.certificate.certified
    assert wrong / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)
