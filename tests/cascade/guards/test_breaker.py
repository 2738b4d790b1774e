"""The breaker: it opens on what keeps failing, lets one probe through at a time, and closes on what answers again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.errors import ConfigError
from cascade.failure import TREATMENTS, CallFailure, FailureKind
from cascade.guards.breaker import Breaker, CircuitBreaker

FINE = scripted("yes")


def failure(kind: FailureKind = FailureKind.SERVER) -> CallFailure:
    return CallFailure(kind=kind, message="down")


class Ground:
    """A circuit on a clock that stands still until it is moved."""

    def __init__(self, **breaker) -> None:
        self.now = 100.0
        self.circuit = CircuitBreaker("test/a at here", Breaker(**breaker), lambda: self.now)

    def tried(self, *replies) -> None:
        for reply in replies:
            assert self.circuit.allows
            self.circuit.leave(reply, probe=self.circuit.enter())


def opened() -> Ground:
    ground = Ground()
    ground.tried(*[failure()] * 10)
    assert ground.circuit.state == "open"
    return ground


def test_it_opens_at_the_rate_and_not_before_enough_is_known():
    ground = Ground()
    ground.tried(*[failure()] * 9)
    assert ground.circuit.state == "closed"
    ground.tried(failure())
    assert (ground.circuit.state, ground.circuit.allows, ground.circuit.opens_in_s) == ("open", False, 10.0)
    mixed = Ground()
    mixed.tried(*[FINE, FINE, failure()] * 30)
    assert mixed.circuit.state == "closed", "a third of them fails, half would be too many"


def test_old_failures_are_forgotten():
    ground = Ground()
    ground.tried(*[failure()] * 9)
    ground.now += 61
    ground.tried(failure())
    assert ground.circuit.state == "closed"


@pytest.mark.parametrize("kind", FailureKind)
def test_only_what_the_table_calls_unhealthy_counts(kind):
    ground = Ground()
    if TREATMENTS[kind].rest_s:
        ground.tried(failure(kind))
        assert ground.circuit.opens_in_s == 300
        return
    ground.tried(*[failure(kind)] * 10)
    assert (ground.circuit.state == "open") == TREATMENTS[kind].unhealthy


def test_one_probe_at_a_time_and_one_in_ten_seconds():
    ground = opened()
    ground.now += 10
    assert ground.circuit.state == "half_open"
    probe = ground.circuit.enter()
    assert probe
    assert not ground.circuit.allows
    ground.now += 3
    ground.circuit.leave(failure(), probe=probe)
    assert (ground.circuit.state, ground.circuit.opens_in_s) == ("open", 7.0), "counted from the probe's start"


@pytest.mark.parametrize("reply", [FINE, failure(FailureKind.BAD_REQUEST), failure(FailureKind.RATE_LIMITED)])
def test_a_probe_that_is_answered_closes_it(reply):
    ground = opened()
    ground.now += 10
    ground.tried(reply)
    assert (ground.circuit.state, ground.circuit.cause) == ("closed", None)
    ground.tried(*[failure()] * 9)
    assert ground.circuit.state == "closed", "and what was before is forgotten"


@pytest.mark.parametrize("reply", [None, failure(FailureKind.DEADLINE)])
def test_a_probe_that_is_broken_off_says_nothing(reply):
    ground = opened()
    ground.now += 10
    ground.tried(reply)
    assert ground.circuit.state == "open"
    ground.now += 10
    assert ground.circuit.allows


def test_tries_from_before_it_opened_change_nothing():
    ground = Ground()
    early = [ground.circuit.enter() for _ in range(12)]
    for probe in early[:10]:
        ground.circuit.leave(failure(), probe=probe)
    ground.now += 4
    ground.circuit.leave(FINE, probe=early[10])
    ground.circuit.leave(failure(), probe=early[11])
    assert (ground.circuit.state, ground.circuit.opens_in_s) == ("open", 6.0)


def test_a_refusal_says_why_and_when_and_a_spent_quota_stays_one():
    refusal = opened().circuit.refusal()
    assert (refusal.kind, refusal.tries) == ("breaker", 0)
    assert "after server: down; asked again in 10 s" in refusal.message
    ground = Ground()
    ground.tried(failure(FailureKind.QUOTA))
    assert ground.circuit.refusal().kind == "quota"


def test_without_a_breaker_nothing_ever_opens():
    circuit = CircuitBreaker("test/a", None, lambda: 0.0)
    for _ in range(50):
        circuit.leave(failure(FailureKind.QUOTA), probe=circuit.enter())
    assert circuit.state == "closed"


@pytest.mark.parametrize(
    "wrong", [{"least": 0}, {"least": 21}, {"rate": 0.0}, {"rate": 1.1}, {"open_s": 0}, {"memory_s": -1}]
)
def test_what_could_never_open_or_close_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"breaker\."):
        Breaker(**wrong)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=80))
def test_however_tries_end_probes_are_ten_seconds_apart(steps):
    ground, probes = Ground(), []
    for pause, good in steps:
        ground.now += pause
        if ground.circuit.allows:
            probe = ground.circuit.enter()
            if probe:
                probes.append(ground.now)
            ground.circuit.leave(FINE if good else failure(), probe=probe)
    assert all(later - earlier >= 10 for earlier, later in pairwise(probes))
