"""The rate monitor: what it notices, what it lets pass, and that one look at a time comes to the same as many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError, DataError
from cascade.stats.rate_monitor import RateMonitor, first_alarm, null_band


def recursion(steps, low, high, arl):
    """The detector as the paper writes it, a request at a time."""
    alternatives = [(high, high + (1 - high) * s) for s in (0.02, 0.05, 0.1, 0.2, 0.4)]
    alternatives += [(low, low * (1 - s)) for s in (0.05, 0.1, 0.2, 0.4, 0.7)]
    m = np.zeros(10)
    for at, step in enumerate(steps, start=1):
        m = (1 + m) * np.array([q / p if step else (1 - q) / (1 - p) for p, q in alternatives])
        if m.mean() >= arl:
            return at
    return None


@given(st.lists(st.booleans(), max_size=400), st.floats(0.05, 0.6))
def test_it_is_the_recursion_of_the_paper(steps, target):
    low, high = null_band(target)
    monitor = RateMonitor((low, high), arl=200.0)
    monitor.watch(steps)
    assert monitor.alarm_at == recursion(steps, low, high, 200.0)


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(1, 50))
def test_how_requests_are_bundled_changes_nothing(steps, size):
    whole, parts = RateMonitor((0.2, 0.3), arl=50.0), RateMonitor((0.2, 0.3), arl=50.0)
    whole.watch(steps)
    for start in range(0, len(steps), size):
        parts.watch(steps[start : start + size])
    assert parts.alarm_at == whole.alarm_at
    assert parts.evidence == pytest.approx(whole.evidence)


def test_a_rate_that_doubled_is_noticed_and_the_alarm_stays():
    rng = np.random.default_rng(0)
    before, after = rng.random(2_000) < 0.25, rng.random(2_000) < 0.5
    monitor = RateMonitor(null_band(0.25))
    assert not monitor.watch(before)
    assert monitor.watch(after)
    assert 2_000 < monitor.alarm_at < 2_200
    assert monitor.watch(before)
    monitor.reset()
    assert not monitor.alarmed


def test_a_rate_that_fell_to_nothing_is_noticed():
    assert first_alarm(np.zeros(500), 0.25) is not None


def test_what_calibration_promised_is_no_news():
    steps = np.random.default_rng(1).random(5_000) < 0.33
    assert first_alarm(steps, 0.25) is not None
    assert first_alarm(steps, 0.25, (0.18, 0.34)) is None


@pytest.mark.parametrize("steps", [np.ones(10_000), np.zeros(10_000)])
def test_where_every_rate_is_promised_nothing_is_an_alarm(steps):
    assert first_alarm(steps, 0.5, (0.0, 1.0)) is None


def test_a_million_requests_keep_the_sums_finite():
    monitor = RateMonitor((0.0, 0.03))
    monitor.watch(np.ones(1_000_000))
    assert np.isfinite(monitor.evidence)
    assert monitor.alarm_at is not None


@pytest.mark.parametrize("target", [-0.1, 1.1, float("nan")])
def test_a_target_that_is_no_share_is_refused(target):
    with pytest.raises(ConfigError, match="shares"):
        null_band(target)


def test_a_step_that_is_no_escalation_is_refused():
    with pytest.raises(DataError, match="neither 0 nor 1"):
        RateMonitor((0.2, 0.3)).watch([0.5])
