"""climb() under an escalation cap: every step to a higher rung needs its permission."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Request
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import climb, drive
from cascade.result import Result
from cascade.verdict import Ask, Reply
from tests.opinions import ladder, policy

RUNGS = ladder("a", "b", "c")
FITTED = policy(RUNGS, (0.5, 0.0), (0.5, 0.0))
DOWN = CallFailure(kind=FailureKind.SERVER, message="so it was", tries=2)


class Gate:
    """Allows so many steps, and counts how often it was asked."""

    def __init__(self, steps: int) -> None:
        self.left, self.asked = steps, 0

    def __call__(self) -> str | None:
        """Allow a step, or say whose cap it was."""
        self.asked += 1
        self.left -= 1
        return None if self.left >= 0 else "global"


def run(answers: str | dict[str, Any], gate: Gate | None, fitted: Any = FITTED, **options: Any) -> Result[Any]:
    """Climb with one answer a rung."""

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        said = answers if isinstance(answers, str) else answers[ask.rung]
        return scripted(said) if isinstance(said, str) else said

    return drive(climb(Request.of("?", id="r-1"), RUNGS, fitted, step_up=gate, **options), answer)


@given(st.lists(st.one_of(st.just(DOWN), st.floats(0, 1).map(str)), min_size=3, max_size=3), st.integers(0, 3))
def test_every_step_upwards_takes_a_token_for_whatever_reason(replies: list[Any], allowed: int) -> None:
    gate = Gate(allowed)
    result = run(dict(zip("abc", replies, strict=True)), gate)
    steps = sum(attempt.decision.action in ("escalate", "fail_over") for attempt in result.attempts[:-1])
    assert len(result.attempts) - 1 == steps <= allowed
    assert gate.asked == steps + any(flag.startswith("capped") for flag in result.flags)


@given(st.lists(st.one_of(st.just(DOWN), st.floats(0, 1).map(str)), min_size=3, max_size=3))
def test_a_cap_that_is_not_reached_changes_nothing(replies: list[Any]) -> None:
    answers = dict(zip("abc", replies, strict=True))
    assert run(answers, Gate(2)) == run(answers, None)


def test_at_the_cap_the_best_answer_so_far_comes_back_flagged() -> None:
    result = run({"a": "0.1", "b": "0.2"}, Gate(1))
    assert (result.outcome, result.answer, result.rung, result.flags) == ("capped", "0.2", "b", ("capped:global",))
    assert result.attempts[-1].decision.reason == "capped:confidence"
    assert not result.accepted


def test_a_failed_rung_below_the_cap_gives_back_what_an_earlier_one_said() -> None:
    result = run({"a": "0.1", "b": DOWN}, Gate(1))
    assert (result.outcome, result.answer) == ("capped", "0.1")


def test_without_any_answer_a_capped_request_has_failed() -> None:
    result = run({"a": DOWN}, Gate(0))
    assert (result.outcome, result.answer, result.flags) == ("failed", None, ("capped:global",))
    assert "so it was" in (result.error or "")


@pytest.mark.parametrize("answer", ["0.1", DOWN])
def test_starting_at_the_top_takes_no_token(answer: Any) -> None:
    gate = Gate(0)
    run({"c": answer}, gate, None, on_uncalibrated="top")
    assert gate.asked == 0
