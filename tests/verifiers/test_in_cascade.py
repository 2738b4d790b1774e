"""Verifiers at work in a cascade: what they veto, what they cost, what they parse."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from pydantic import BaseModel

from cascade import Cascade, Ladder, Rung
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.errors import SchemaRejected
from cascade.exchange import ModelCall
from cascade.usage import Price
from verifiers import Agreement, Check, Hedging, Judge, LogProb, Refusal, Schema

PRICE = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)


class Sum(BaseModel):
    answer: int


def _grade(call: ModelCall) -> Any:
    data = json.loads(call.messages[-1]["content"])
    score = 9 if '"answer": 4' in data["candidate"] else 1
    return scripted(json.dumps({"nonce": data["nonce"], "score": score}), cost_usd=0.02)


def _cascade(verify: list[Any], scripts: dict[str, Any]) -> Cascade:
    ladder = Ladder(Rung("a/small", price=PRICE, verify=verify), Rung("b/top", price=PRICE, verify=verify[:1]))
    return Cascade(ladder, client=ScriptedClient(scripts), log=None)


def _run(verify: list[Any], scripts: dict[str, Any], **options: Any) -> Any:
    with warnings.catch_warnings(), _cascade(verify, scripts) as app:
        warnings.simplefilter("ignore")  # the tasks are uncalibrated, which is said once
        return app.run("What is 2 + 2?", **options)


def test_an_invalid_answer_escalates_and_a_valid_one_is_parsed() -> None:
    result = _run([Schema()], {"a/small": "four", "b/top": 'So: {"answer": 4}'}, schema=Sum)
    assert (result.rung, result.outcome, result.parsed) == ("b/top", "accepted", Sum(answer=4))
    assert "no JSON" in result.attempts[0].verdicts[0].reason


def test_the_judge_is_paid_for_and_decides() -> None:
    scripts = {"a/small": scripted('{"answer": 5}', cost_usd=0.01), "b/top": scripted('{"answer": 4}', cost_usd=0.1)}
    verify = [Schema(), Judge("c/judge", price=PRICE)]
    result = _run(verify, {**scripts, "judge": _grade}, schema=Sum)
    assert result.rung == "b/top"
    assert result.attempts[0].verdicts[-1].cost_usd == pytest.approx(0.02)


def test_a_whole_stack_accepts_a_good_answer() -> None:
    verify = [
        Schema(),
        Refusal(),
        Hedging(),
        LogProb(),
        Agreement(),
        Check(lambda given: True),
        Judge("c/judge", price=PRICE),
    ]
    result = _run(verify, {"a/small": scripted('{"answer": 4}', logprobs=[-0.1, -0.2]), "judge": _grade}, schema=Sum)
    assert (result.rung, result.outcome) == ("a/small", "accepted")
    assert [verdict.name for verdict in result.attempts[0].verdicts][-1] == "judge"


def test_a_schema_that_reaches_outside_is_refused_before_anything_is_paid() -> None:
    with pytest.raises(SchemaRejected):
        _run([Schema()], {}, schema={"$ref": "http://127.0.0.1:1/x"})
