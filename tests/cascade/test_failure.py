"""What each kind of failure leads to: the table is whole, and the flow does what it says."""

from __future__ import annotations

import pytest

from cascade.clients.scripted import scripted
from cascade.errors import ProviderError
from cascade.exchange import Request
from cascade.failure import TREATMENTS, CallFailure, FailureKind
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder, Rung
from cascade.result import Result
from tests.opinions import Says, policy

RUNGS = Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(),)) for name in ("small", "middle", "large")))
ENDED = {FailureKind.DEADLINE: "deadline", FailureKind.BUDGET: "budget"}


def climbed(replies, rungs=RUNGS, **options) -> Result:
    fitted = policy(rungs, *[(0.5, 0.0)] * (len(rungs) - 1))
    return drive(climb(Request.of("?"), rungs, fitted, **options), lambda ask: replies[ask.rung])


def failed(kind: FailureKind) -> CallFailure:
    return CallFailure(kind=kind, message="so it was", cost_usd=0.001)


def test_every_kind_has_a_treatment_and_at_most_three_tries():
    assert set(TREATMENTS) == set(FailureKind)
    assert all(treatment.retries <= 2 for treatment in TREATMENTS.values())


@pytest.mark.parametrize("kind", FailureKind)
def test_the_flow_does_what_the_table_says(kind):
    result = climbed({"small": failed(kind), "middle": scripted("0.9")})
    first, then = result.attempts[0].decision, TREATMENTS[kind].then
    assert (first.action == "fail_over") == (then == "fail_over")
    if then == "fail_over":
        assert (result.outcome, result.rung) == ("accepted", "middle")
        assert first.reason == ("context" if kind is FailureKind.CONTEXT else "availability")
    else:
        assert (len(result.attempts), first.reason) == (1, kind.value)
        assert result.outcome == ENDED.get(kind, "failed")
    assert not result.escalated, "what is not available says nothing about quality"


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found"])
def test_what_is_wrong_with_an_account_is_raised_and_never_buys_the_dearer_model(kind):
    treatment = TREATMENTS[FailureKind(kind)]
    assert treatment.then == "raise"
    assert treatment.raises is not None
    assert issubclass(treatment.raises, ProviderError)


def test_a_prompt_that_is_too_long_goes_to_the_first_rung_whose_window_may_hold_it():
    windows = {"small": 8_000, "middle": 8_000, "large": 128_000}
    rungs = Ladder(*(Rung(f"test/{n}", name=n, verify=(Says(),), context_window=w) for n, w in windows.items()))
    result = climbed({"small": failed(FailureKind.CONTEXT), "large": scripted("0.9")}, rungs)
    assert [attempt.rung for attempt in result.attempts] == ["small", "large"]
    assert result.attempts[0].decision.reason == "context"


def test_a_prompt_that_fits_nowhere_has_failed():
    result = climbed(dict.fromkeys(RUNGS.names, failed(FailureKind.CONTEXT)))
    assert (result.outcome, len(result.attempts)) == ("failed", 3)


def test_a_filtered_request_ends_or_goes_on_as_asked():
    replies = {"small": failed(FailureKind.CONTENT_FILTER), "middle": scripted("0.9")}
    assert climbed(replies).outcome == "failed"
    result = climbed(replies, on_content_filter="escalate")
    assert (result.rung, result.attempts[0].decision.reason) == ("middle", "content_filter")


def test_an_answer_that_a_filter_stopped_is_such_a_failure_and_stays_paid():
    replies = {"small": scripted("0.9", finish_reason="content_filter", cost_usd=0.002), "middle": scripted("0.9")}
    result = climbed(replies)
    assert (result.outcome, result.answer, result.cost_usd) == ("failed", None, 0.002)
    assert climbed(replies, on_content_filter="escalate").rung == "middle"


@pytest.mark.parametrize("reply", [scripted("0.9", finish_reason="length"), scripted(""), scripted(" \n")])
@pytest.mark.parametrize("verify", [(), (Says(lambda text: 1.0),)])
def test_what_is_cut_off_or_empty_is_never_accepted_whoever_the_verifiers_are(reply, verify):
    rungs = Ladder(*(Rung(f"test/{name}", name=name, verify=verify) for name in ("small", "large")))
    result = drive(climb(Request.of("?"), rungs, policy(rungs, (0.0, 0.0))), lambda _: reply)
    assert [attempt.decision.reason for attempt in result.attempts] == ["veto:whole", "veto"]
    assert result.outcome == "exhausted"


def test_an_answer_by_another_model_is_flagged_or_ends_the_request():
    replies = {"small": scripted("0.9", flags=("other_model",), model_reported="test/other", cost_usd=0.002)}
    assert climbed(replies).answer == "0.9"
    strict = climbed(replies, on_other_model="raise")
    assert (strict.outcome, strict.attempts[0].failure.kind, strict.cost_usd) == ("failed", "misbehaved", 0.002)
