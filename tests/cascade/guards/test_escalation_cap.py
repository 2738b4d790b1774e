"""The escalation cap: never more steps than it allows in any run of requests, and the greedy are stopped first."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.guards.escalation_cap import PRINCIPALS, EscalationCap, EscalationLimiter, SlidingWindow


def most(steps: list[int], size: int) -> int:
    """Return the most steps in any `size` consecutive requests."""
    sums = [0, *accumulate(steps)]
    return max(sums[min(i + size, len(steps))] - sums[i] for i in range(len(steps)))


@given(
    limit=st.integers(0, 6),
    size=st.integers(1, 12),
    events=st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=150),
)
def test_no_run_of_requests_holds_more_steps_than_the_limit_however_late_they_are_taken(
    limit: int, size: int, events: list[tuple[bool, int]]
) -> None:
    window = SlidingWindow(limit=limit, size=size)
    began: list[int] = []
    for begins, which in events:
        if begins or not began:
            assert window.begin() == len(began)
            began.append(0)
            continue
        sequence = max(0, len(began) - 1 - which)
        if window.allows(sequence):
            window.take(sequence)
            began[sequence] += 1
    assert most(began or [0], size) <= limit


@given(limit=st.integers(1, 6), size=st.integers(1, 12), wants=st.lists(st.booleans(), max_size=100))
def test_a_step_is_refused_only_where_it_would_break_the_limit(limit: int, size: int, wants: list[bool]) -> None:
    window = SlidingWindow(limit=limit, size=size)
    taken: list[int] = []
    for want in wants:
        sequence = window.begin()
        allowed = want and window.allows(sequence)
        if want:
            assert allowed == (most([*taken, 1], size) <= limit)
        if allowed:
            window.take(sequence)
        taken.append(int(allowed))


def test_a_request_that_outlived_what_is_remembered_takes_no_step() -> None:
    window = SlidingWindow(limit=1, size=2)
    old = window.begin()
    for _ in range(20):
        window.take(window.begin())
    assert not window.allows(old)


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=400))
def test_forced_steps_stay_below_the_cap_of_all_and_of_each_principal(names: list[str | None]) -> None:
    turnstile = EscalationLimiter(EscalationCap(rate=0.3, window=20))
    steps = [int(turnstile.begin(name)() is None) for name in names]
    assert most(steps or [0], 20) <= 6
    for name in ("a", "b"):
        assert most([step for step, who in zip(steps, names, strict=True) if who == name] or [0], 20) <= 6


def test_a_second_step_of_one_request_takes_a_second_token() -> None:
    turnstile = EscalationLimiter(EscalationCap(rate=0.2, window=10))
    climbing = turnstile.begin(None)
    assert [climbing(), climbing(), climbing()] == [None, None, "global"]


def test_the_greedy_principal_is_stopped_while_the_others_go_on() -> None:
    turnstile = EscalationLimiter(EscalationCap(rate=0.3))
    forced = [turnstile.begin("greedy")() for _ in range(200)]
    assert forced.count(None) == 30 + 200 * 3 // 10 - 1  # the first request adds nothing to a full burst
    assert set(forced) == {None, "principal"}
    assert turnstile.begin("honest")() is None


def test_names_that_nobody_chose_cost_no_memory_and_still_meet_the_global_cap() -> None:
    turnstile = EscalationLimiter(EscalationCap(rate=0.1, window=100))
    steps = [int(turnstile.begin(f"made up {i}")() is None) for i in range(PRINCIPALS + 50)]
    assert most(steps, 100) == 10
    assert len(turnstile._own) == PRINCIPALS


@pytest.mark.parametrize("wrong", [{"rate": 1.5}, {"rate": float("nan")}, {"rate": 0.01, "window": 50}])
def test_a_cap_that_no_traffic_could_be_held_to_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="escalation_cap"):
        EscalationCap(**wrong)
