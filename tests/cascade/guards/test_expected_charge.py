"""What a try without an answer has cost in the mean, by how far it got; never more than its worst case."""

from __future__ import annotations

import pytest

from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.guards.budget import Budget
from cascade.guards.call_history import CallHistory
from cascade.guards.expected_charge import charge_chance
from cascade.prices import PriceBook
from cascade.usage import Price, Usage
from tests.cascade.guards.test_waiting import answer

CALL = ModelCall(rung="small", model="test/a", messages=({"role": "user", "content": "hi"},),
                 price=Price(input_usd=0.0, output_usd=1e-6))  # fmt: skip


def failed(kind: str, **fields: object) -> CallFailure:
    """Return a failure that may have been charged."""
    return CallFailure(kind=FailureKind(kind), message="no", charged=True, **fields)


@pytest.mark.parametrize(
    ("failure", "chance"),
    [
        (None, 1.0),
        (failed("timeout", phase="sent"), 1.0),
        (failed("dropped", phase="sent"), 0.5),
        (failed("dropped", phase="body"), 1.0),
        (failed("bad_body", phase="done", content_type="application/json"), 1.0),
        (failed("bad_body", phase="done", content_type="text/html; charset=utf-8"), 0.1),
        (failed("unknown"), 0.5),
        (failed("misbehaved", phase="done"), 1.0),
    ],
)
def test_the_chance_follows_how_far_a_try_got(failure, chance):
    assert charge_chance(failure) == chance


def test_what_may_have_been_charged_has_an_estimate_by_what_such_calls_cost_otherwise():
    history = CallHistory()
    for tokens in (40, 60):
        history.saw(CALL, "default", answer(tokens), price=CALL.price, prompt=1)
    budget = Budget(PriceBook(), history=history)
    budget.settle(CALL, 0, failed("timeout", phase="sent"))
    assert budget.maybe_charged_estimate_usd == pytest.approx(50e-6)
    assert budget.maybe_charged_usd == pytest.approx(4096e-6)
    budget.settle(CALL, 0, failed("dropped", phase="sent"))
    assert budget.maybe_charged_estimate_usd == pytest.approx(75e-6)


def test_what_a_failure_is_known_to_have_cost_is_no_part_of_the_estimate():
    budget = Budget(PriceBook())
    budget.settle(CALL, 0, failed("timeout", usage=Usage(output_tokens=150), cost_usd=150e-6))
    assert budget.maybe_charged_estimate_usd == pytest.approx(50e-6), "a typical answer has 200 tokens"
    assert budget.maybe_charged_usd == pytest.approx(4096e-6 - 150e-6)


def test_a_refused_connection_costs_nothing_by_any_measure():
    budget = Budget(PriceBook())
    charge = budget.settle(CALL, 0, CallFailure(kind=FailureKind.CONNECT, message="no", phase="connect"))
    assert (charge.pico, charge.maybe) == (0, False)
    assert budget.maybe_charged_estimate_usd == budget.maybe_charged_usd == 0.0
