"""climb() and tour(), driven by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import climb, drive, tour
from cascade.ladder import Ladder, Rung
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import Policy
from cascade.result import Result
from cascade.verdict import Ask, Reply, Verdict, Verifier
from tests.opinions import Says, Vetoes, ladder, policy

REQUEST = Request.of("How many?", id="r-1")
SCORES = st.floats(0, 1).map(lambda value: round(value, 9))


def run(rungs: Ladder, answers: Mapping[str, Any], fitted: Policy | None = None, **options: Any) -> Result[Any]:
    """Climb with one answer a rung: a text, a response or a failure."""
    asked: list[str] = []

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        asked.append(ask.rung)
        reply = answers[ask.rung]
        return scripted(reply, cost_usd=0.001) if isinstance(reply, str) else reply

    result = drive(climb(REQUEST, rungs, fitted, **options), answer)
    assert asked == [attempt.rung for attempt in result.attempts]
    return result


def failed(kind: FailureKind) -> CallFailure:
    """Return a failure of some kind."""
    return CallFailure(kind=kind, message="so it was")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_ladder_of_any_length_escalates_to_its_top(count: int) -> None:
    rungs = ladder(*"abcde"[:count])
    result = run(rungs, dict.fromkeys("abcde", "0.1"), policy(rungs, *[(0.5, 0.0)] * (count - 1)))
    assert (result.outcome, result.rung, len(result.attempts)) == ("accepted", "abcde"[count - 1], count)


def test_a_confident_answer_is_accepted_at_once() -> None:
    rungs = ladder("small", "large")
    result = run(rungs, {"small": "0.9"}, policy(rungs, (0.5, 0.0)))
    assert (result.outcome, result.answer, result.confidence, result.calibrated) == ("accepted", "0.9", 0.9, True)


def test_a_request_is_asked_for_by_its_own_parameters_first() -> None:
    rungs = Ladder(Rung("test/a", verify=(Says(),), params={"temperature": 0.0, "top_p": 0.5}))
    request = Request.of("?", params={"temperature": 0.7, "tools": [{"type": "function"}]})
    (call,) = next(climb(request, rungs))
    assert isinstance(call, ModelCall)
    assert call.params == {"temperature": 0.7, "top_p": 0.5, "tools": [{"type": "function"}]}


def test_messages_reach_the_model_unchanged() -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:…"}}]
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts, "name": "ann"}]
    (call,) = next(climb(Request.of(chat), ladder("a")))
    assert isinstance(call, ModelCall)
    assert list(call.messages) == chat


def test_a_veto_escalates_whatever_the_threshold() -> None:
    rungs = ladder("small", "large", verify=(Vetoes("bad"), Says(lambda text: 1.0)))
    result = run(rungs, {"small": "bad", "large": "good"}, policy(rungs, (0.0, 0.0)))
    first = result.attempts[0]
    assert (result.answer, first.decision.reason, first.confidence) == ("good", "veto:vetoes", 0.0)
    assert [verdict.name for verdict in first.verdicts] == ["vetoes"], "a veto stops the stack"


def test_a_vetoed_top_is_returned_flagged_or_withheld() -> None:
    rungs = ladder("small", "large", verify=(Vetoes("bad"), Says(lambda text: 0.0)))
    answers = {"small": "meh", "large": "bad"}
    shown = run(rungs, answers, policy(rungs, (0.5, 0.0)))
    assert (shown.outcome, shown.answer, shown.flags) == ("exhausted", "bad", ("top_vetoed",))
    withheld = run(rungs, answers, policy(rungs, (0.5, 0.0)), on_exhausted="abstain")
    assert (withheld.outcome, withheld.answer) == ("abstained", None)


def test_an_unavailable_rung_is_failed_over_not_escalated() -> None:
    rungs = ladder("small", "large")
    result = run(rungs, {"small": failed(FailureKind.TIMEOUT), "large": "0.2"}, policy(rungs, (0.5, 0.0)))
    assert (result.outcome, result.rung, result.escalated) == ("accepted", "large", False)
    assert result.attempts[0].decision.action == "fail_over"


def test_an_answer_from_below_survives_an_unavailable_top() -> None:
    rungs = ladder("small", "large")
    result = run(rungs, {"small": "0.2", "large": failed(FailureKind.SERVER)}, policy(rungs, (0.5, 0.0)))
    assert (result.outcome, result.answer, result.flags) == ("exhausted", "0.2", ("top_failed",))
    assert result.error is not None
    assert "server" in result.error


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.QUOTA, FailureKind.NOT_FOUND, FailureKind.BAD_REQUEST])
def test_a_configuration_error_never_buys_the_dearer_model(kind: FailureKind) -> None:
    rungs = ladder("small", "large")
    result = run(rungs, {"small": failed(kind)}, policy(rungs, (0.5, 0.0)))
    assert (result.outcome, len(result.attempts)) == ("failed", 1)


def test_a_deadline_returns_the_best_answer_so_far() -> None:
    rungs = ladder("small", "large")
    result = run(rungs, {"small": "0.2", "large": failed(FailureKind.DEADLINE)}, policy(rungs, (0.5, 0.0)))
    assert (result.outcome, result.answer) == ("deadline", "0.2")


def test_all_rungs_down_is_a_failure_with_its_error() -> None:
    rungs = ladder("small", "large")
    result = run(rungs, dict.fromkeys(("small", "large"), failed(FailureKind.SERVER)))
    assert (result.outcome, result.answer) == ("failed", None)
    assert result.error == "large: server: so it was"


def test_an_uncalibrated_task_runs_by_pass_marks() -> None:
    rungs = ladder("small", "large", verify=(Says(pass_at=0.6),))
    assert run(rungs, {"small": "0.6"}).attempts[0].decision.reason == "pass_marks"
    left = run(rungs, {"small": "0.5", "large": "0.1"})
    assert (left.attempts[0].decision.reason, left.calibrated, left.flags) == ("below:says", False, ("uncalibrated",))


def test_an_answer_that_nobody_can_score_is_never_accepted_silently() -> None:
    rungs = ladder("small", "large", verify=(Says(lambda text: None),))
    result = run(rungs, {"small": "x", "large": "y"})
    assert result.attempts[0].decision.reason == "unverifiable"


def test_a_required_verifier_that_abstains_escalates() -> None:
    rungs = ladder(
        "small", "large", verify=(Says(lambda text: 1.0), Says(lambda text: None, name="must", required=True))
    )
    result = run(rungs, {"small": "x", "large": "y"}, policy(rungs, (0.5, 0.0)))
    assert result.attempts[0].decision.reason == "required:must"


@pytest.mark.parametrize("calibrated", [True, False])
def test_an_answer_that_ended_for_a_reason_that_nobody_knows_is_accepted_at_the_top_only(*, calibrated: bool) -> None:
    rungs = ladder("small", "large")
    odd = replace(scripted("0.9", cost_usd=0.001), finish_reason="eos_detected", flags=("finish_unknown",))
    result = run(rungs, {"small": odd, "large": odd}, policy(rungs, (0.0, 0.0)) if calibrated else None)
    first, top = result.attempts
    assert (first.decision.action, first.decision.reason) == ("escalate", "finish_unknown")
    assert (top.decision.action, result.outcome) == ("accept", "accepted")


def test_a_verifier_that_raises_abstains() -> None:
    rungs = ladder("small", "large", verify=(Says(float),))
    result = run(rungs, {"small": "not a number", "large": "0.3"}, policy(rungs, (0.5, 0.0)))
    (verdict,) = result.attempts[0].verdicts
    assert verdict.abstained
    assert verdict.flags == ("verifier_failed",)
    assert result.rung == "large", "and its missing score raised no confidence"


class Asks(Verifier):
    """Asks another model and takes its answer for the score."""

    name = "asks"
    paid = True

    def flow(self, exchange: Any) -> Any:
        """Ask once."""
        call = ModelCall(rung=exchange.rung, model="test/judge", messages=exchange.request.messages, verifier="asks")
        (reply,) = yield (call,)
        return Verdict(score=float(reply.text)) if isinstance(reply, Response) else Verdict.abstain("no reply")


def test_what_a_verifier_spends_is_counted_apart() -> None:
    rungs = Ladder(
        Rung("test/a", name="a", verify=(Asks(), Says(lambda text: 1.0))), Rung("test/b", name="b", verify=())
    )

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        return scripted("0.9", cost_usd=0.01 if ask.verifier else 0.002)

    result = drive(climb(REQUEST, rungs), answer)
    assert (result.answers_usd, result.verifiers_usd, result.cost_usd) == (0.002, 0.01, 0.012)
    assert [verdict.name for verdict in result.attempts[0].verdicts] == ["says", "asks"], "free ones go first"


def test_a_tour_asks_every_rung_once_and_pays_for_no_recording_twice() -> None:
    rungs = ladder("a", "b", "c")
    asked: list[str] = []

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        asked.append(ask.rung)
        return scripted("0.4")

    attempts = drive(tour(REQUEST, rungs, have={"b": scripted("0.7")}), answer)
    assert asked == ["a", "c"]
    assert [attempt.verdicts[0].score for attempt in attempts] == [0.4, 0.7, 0.4]


@given(score=SCORES, low=st.tuples(SCORES, SCORES), high=st.tuples(SCORES, SCORES))
def test_raising_a_threshold_never_accepts_more(
    score: float, low: tuple[float, float], high: tuple[float, float]
) -> None:
    low, high = min(low, high), max(low, high)
    rungs = ladder("small", "large")
    answers = {"small": str(score), "large": "1.0"}
    lower, upper = (run(rungs, answers, policy(rungs, pair)) for pair in (low, high))
    assert upper.escalated >= lower.escalated


@given(scores=st.lists(SCORES, min_size=3, max_size=3), thresholds=st.lists(SCORES, min_size=2, max_size=2))
def test_a_prefix_of_a_climb_never_costs_more_than_the_whole(scores: list[float], thresholds: list[float]) -> None:
    rungs = ladder("a", "b", "c")
    answers = dict(zip("abc", map(str, scores), strict=True))
    result = run(rungs, answers, policy(rungs, *((t, 0.0) for t in thresholds)))
    full = run(rungs, answers, policy(rungs, (1.0, 1.0), (1.0, 1.0)))
    assert [attempt.rung for attempt in full.attempts][: len(result.attempts)] == [a.rung for a in result.attempts]
    assert result.cost_usd <= full.cost_usd


def test_a_refusal_is_asked_about_once_more_then_taken_at_its_word() -> None:
    rungs = ladder("a", "b", "c", verify=(Says(lambda text: 0.0),))
    no = scripted("", refusal="I cannot help with that.")
    answers = {"a": no, "b": no, "c": "never asked"}
    result = run(rungs, answers, policy(rungs, (0.5, 0.0), (0.5, 0.0)))
    assert (result.rung, result.outcome, result.attempts[-1].decision.reason) == ("b", "accepted", "refusal")
    once = run(rungs, answers, policy(rungs, (0.5, 0.0), (0.5, 0.0)), on_refusal="accept")
    assert once.rung == "a"


def test_a_rung_that_a_policy_asks_alone_pays_no_verifier() -> None:
    dear = Says(name="dear")
    dear.paid = True
    rungs = Ladder(*(Rung(f"x/{name}", name=name, verify=(Says(), dear)) for name in ("small", "large")))
    fitted = policy(rungs, (0.5, 0.0))
    task = replace(fitted.tasks["default"], points=(OperatingPoint(rungs=("large",), thresholds=()),))
    alone = run(rungs, {"large": "0.1"}, replace(fitted, tasks={"default": task}))
    assert [verdict.name for verdict in alone.attempts[0].verdicts] == ["says"]
    assert [verdict.name for verdict in run(rungs, {"small": "0.9"}, fitted).attempts[0].verdicts] == ["says", "dear"]
