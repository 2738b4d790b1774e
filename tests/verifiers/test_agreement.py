"""The Agreement verifier and the final answers that it compares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.endpoint import Endpoint
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response
from tests.verifiers.exchanges import exchange, failure, judge, tool_call
from verifiers.agreement import Agreement

MODES = ["auto", "json", "number", "text"]


def agreement(one: str, other: str, compare: str = "auto") -> float | None:
    return judge(Agreement(compare=compare), exchange(one, earlier={"a": other})).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("20", "Step 1: 5\nStep 2: 15\n#### 20"),
        ('{"answer": "20"}', '```json\n{"reasoning": "x", "Answer": 20.0}\n```'),
        ("1200", "So she makes $1,200 every day at the market."),
        ("B", "**Answer:** option (B)"),
        ("05/01/2021", "A: 5/1/2021"),
        ('{"reasoning": "broken\nstring", "answer": "7"}', "7"),
    ],
)
def test_answers_that_say_the_same_agree(one: str, other: str) -> None:
    assert agreement(one, other) == 1.0


@pytest.mark.parametrize(("one", "other"), [("20", "21"), ("A", "B"), ("yes", "no"), ("1.05", "1.5")])
def test_answers_that_differ_do_not(one: str, other: str) -> None:
    assert agreement(one, other) == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [("02/03/2020", "2 March 2020"), ("It is 3 or 4.", "4"), ("5", "It was 5 of 12, then 7."), ("1.234", "1234")],
)
def test_in_doubt_it_abstains(one: str, other: str) -> None:
    verdict = judge(Agreement(), exchange(one, earlier={"a": other}))
    assert verdict.abstained
    assert "unsure" in verdict.flags or "no final answer" in verdict.reason


def test_answers_in_doubt_are_left_out_and_flagged() -> None:
    verdict = judge(Agreement(), exchange("4", earlier={"a": "4", "b": "It is 3 or 4."}))
    assert (verdict.score, verdict.signals, verdict.flags) == (1.0, {"with_previous": None}, ("unsure",))


@given(st.text(), st.sampled_from(MODES))
def test_no_answer_disagrees_with_itself(text: str, compare: str) -> None:
    assert agreement(text, text, compare) in (1.0, None)


def test_the_other_ways_to_compare() -> None:
    assert agreement("it costs 4 in all", "4", "number") == 1.0
    assert agreement("it costs 3 or 4", "4", "number") is None
    assert agreement('{"answer": 1, "why": "x"}', '{"answer": 1, "why": "y"}', "json") == 0.0
    assert agreement("A cat.", "a  CAT", "text") == 1.0
    assert agreement("A cat on a mat", "a cat", "text") == 0.0
    assert agreement("no number", "1", "number") is None


def test_with_earlier_rungs_it_is_the_share_that_agrees() -> None:
    verdict = judge(Agreement(), exchange("20", earlier={"a": "19", "b": "#### 20"}))
    assert (verdict.score, verdict.signals) == (0.5, {"with_previous": 1.0})
    assert not Agreement().paid


def test_on_the_first_rung_it_abstains() -> None:
    assert judge(Agreement(), exchange("20")).abstained
    assert judge(Agreement(), exchange("", earlier={"a": "19"})).abstained


def test_samples_are_asked_of_the_same_model_warmer() -> None:
    asked: list[ModelCall] = []

    def reply(call: ModelCall) -> str:
        asked.append(call)
        return ["20", "20", "21"][call.sample - 1]

    params = {"temperature": 0, "seed": 1, "n": 1, "max_tokens": 50}
    verdict = judge(Agreement(samples=3), exchange("20", params=params), reply)
    assert verdict.score == pytest.approx(2 / 3)
    assert verdict.signals == {"majority": 0.75}
    assert [call.sample for call in asked] == [1, 2, 3]
    assert {call.verifier for call in asked} == {"agreement_samples"}
    assert asked[0].params == {"temperature": 0.7, "max_tokens": 50}
    assert asked[0].model == "maker/small"
    assert Agreement(samples=3).paid


def test_a_temperature_that_was_asked_for_is_kept() -> None:
    asked: list[ModelCall] = []
    judge(Agreement(samples=1), exchange("20", params={"temperature": 0.2}), lambda call: asked.append(call) or "20")
    assert asked[0].params["temperature"] == 0.2


def test_samples_that_came_with_the_answer_are_not_asked_again() -> None:
    asked: list[ModelCall] = []
    given = exchange("20", samples=("20", "21"))
    assert judge(Agreement(samples=2), given).score == 0.5
    assert judge(Agreement(samples=3), given, lambda call: asked.append(call) or "20").score == pytest.approx(2 / 3)
    assert [call.sample for call in asked] == [3]


def test_one_other_model_may_be_asked() -> None:
    asked: list[ModelCall] = []
    verifier = Agreement(model="other/cheap", params={"max_tokens": 9})
    verdict = judge(verifier, exchange("20"), lambda call: asked.append(call) or "#### 20")
    assert (verdict.score, verdict.name, verifier.name) == (1.0, "", "agreement_model")
    assert (asked[0].model, asked[0].params, asked[0].verifier) == ("other/cheap", {"max_tokens": 9}, "agreement_model")


def test_another_model_is_asked_at_its_own_place_and_takes_the_schema_in_its_own_way() -> None:
    asked: list[ModelCall] = []
    format_ = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    judged = exchange("20", schema={"type": "object"})
    places = (Endpoint(name="eu", api_base="http://127.0.0.1:1/v1", api_key="theirs"),)
    judged = replace(judged, call=replace(judged.call, params={"response_format": format_}, endpoints=places))
    verifier = Agreement(model="other/cheap", api_base="http://127.0.0.1:2/v1")
    judge(verifier, judged, lambda call: asked.append(call) or "#### 20")
    (call,) = asked
    assert call.at_each() == (call,), "not at the judged rung's endpoints"
    assert (call.api_base, call.api_key) == ("http://127.0.0.1:2/v1", None)
    assert "response_format" not in call.params
    assert "JSON Schema" in str(call.messages)


def test_calls_that_failed_are_left_out() -> None:
    replies: list[Any] = [Response(text="20"), failure(), Response(text="19")]
    verdict = judge(Agreement(samples=3), exchange("20"), lambda call: replies[call.sample - 1])
    assert (verdict.score, verdict.flags) == (0.5, ("calls_failed",))
    assert judge(Agreement(samples=1), exchange("20"), lambda call: failure()).abstained


def test_an_extractor_of_ones_own_decides() -> None:
    verifier = Agreement(extract=len)
    assert judge(verifier, exchange("abc", earlier={"a": "xyz"})).score == 1.0
    assert "len" in verifier.settings()["extract"]


def test_tool_calls_are_compared_by_name_and_arguments() -> None:
    one = tool_call("buy", '{"qty": 2, "to": "Lyon"}')
    other = tool_call("buy", '{"to": "Lyon", "qty": 2.0}')
    given = exchange("", tool_calls=(one,))
    replies = {1: Response(text="", tool_calls=(other,)), 2: Response(text="2")}
    assert judge(Agreement(samples=2), given, lambda call: replies[call.sample]).score == 0.5


@pytest.mark.parametrize(
    "options", [{"samples": -1}, {"samples": 99}, {"samples": 2, "model": "a/b"}, {"compare": "x"}]
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Agreement(**options)
