"""Pace and retry budget: what is let through never exceeds what was promised, and nothing waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.guards.endpoint_pool import RetryBudget, RetryTokens
from cascade.guards.rate_limit import RateLimit, RateLimiter, TokenBucket


@given(st.floats(0.5, 600), st.lists(st.floats(0, 20), min_size=1, max_size=120))
def test_no_minute_sees_more_than_a_minutes_amount(rpm, pauses):
    now, uses = [0.0], []
    bucket = TokenBucket(rpm, lambda: now[0])
    for pause in pauses:
        now[0] += pause
        uses.append(now[0] + bucket.wait_s(1.0))
        bucket.take(1.0)
    most = max(sum(start <= use < start + 60 - 1e-6 for use in uses) for start in uses)
    assert most <= max(1, rpm)
    assert uses == sorted(uses), "those who wait stand in line"


def test_a_call_that_is_larger_than_the_bucket_waits_for_a_full_one_only():
    now = [0.0]
    gait = RateLimiter(RateLimit(tpm=6000), lambda: now[0])
    assert gait.wait_s(50_000) == 0.0
    gait.take(50_000)
    assert gait.wait_s(1) > 60
    gait.settle(50_000, 100)
    assert gait.wait_s(1) == 0.0, "what was not used is given back"


def test_requests_and_tokens_are_both_kept():
    gait = RateLimiter(RateLimit(rpm=60, tpm=6000), lambda: 0.0)
    for _ in range(6):
        assert gait.wait_s(1) == 0.0
        gait.take(1)
    assert gait.wait_s(1) == pytest.approx(60 / 54)
    gait.settle(1, None)
    assert gait.wait_s(1) == 0.0, "a request that was not made takes no room"


@given(st.floats(0, 1), st.integers(0, 20), st.lists(st.booleans(), max_size=300))
def test_repetitions_never_exceed_their_share_and_the_burst(rate, burst, steps):
    repeats, first, again = RetryTokens(RetryBudget(rate=rate, burst=burst)), 0, 0
    for is_first in steps:
        if is_first:
            repeats.first()
            first += 1
        else:
            again += repeats.take()
        assert again <= burst + rate * first + 1e-6


def test_the_burst_is_there_at_once_and_saved_up_again():
    repeats = RetryTokens(RetryBudget())
    assert [repeats.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(10):
        repeats.first()
    assert (repeats.take(), repeats.take()) == (True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: RetryBudget(rate=1.5),
        lambda: RetryBudget(burst=-1),
        lambda: RateLimit(rpm=0),
        lambda: RateLimit(tpm=float("nan")),
    ],
)
def test_what_is_no_share_and_no_pace_is_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        wrong()
