"""Schemas as people give them: what `schema=` and `response_format` become, how they go out, what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from pydantic import AliasChoices, BaseModel, Field

from cascade import Cascade, Ladder, Rung
from cascade.answer_schema import field_text
from cascade.clients.scripted import ScriptedClient
from cascade.exchange import ModelCall, Request
from cascade.failure import CallFailure, FailureKind

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")

PLAIN = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


class Model(BaseModel):
    a: int = Field(validation_alias=AliasChoices("a", "b"))


class Dictionary(TypedDict):
    a: int


@dataclass
class Data:
    a: int


FORMS: list[dict[str, Any]] = [
    {"schema": PLAIN},
    {"schema": {"name": "x", "strict": True, "schema": PLAIN}},
    {"schema": {"type": "json_schema", "json_schema": {"name": "x", "schema": PLAIN}}},
    {"schema": {"type": "json_schema", "name": "x", "schema": PLAIN}},
    {"schema": {"type": "function", "function": {"name": "x", "parameters": PLAIN}}},
    {"schema": {"name": "x", "input_schema": PLAIN}},
    {"schema": Model},
    {"schema": Dictionary},
    {"schema": Data},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": PLAIN}}},
    {"response_format": {"type": "json_object", "schema": PLAIN}},
    {"response_format": Model},
    {"response_format": Dictionary},
]


def run(text: Any, **options: Any) -> tuple[Any, list[ModelCall]]:
    client = ScriptedClient({"r": text})
    settings = {name: options.pop(name) for name in ("native_schema", "can") if name in options}
    with Cascade(Ladder(Rung("m/x", name="r", verify=("schema",), **settings)), client=client) as app:
        return app.run("How many?", **options), client.calls


@pytest.mark.parametrize("options", FORMS)
def test_an_answer_without_a_required_field_is_vetoed_in_whatever_form_the_schema_came(options: dict[str, Any]) -> None:
    assert run('{"c": 1}', **options)[0].attempts[0].vetoed
    assert run('{"a": 1}', **options)[0].accepted


def test_json_mode_asks_for_an_object() -> None:
    assert run("[1]", response_format={"type": "json_object"})[0].attempts[0].vetoed
    assert run('{"x": 1}', response_format={"type": "json_object"})[0].accepted


def test_a_format_that_no_schema_says_is_flagged_as_unchecked() -> None:
    result, _ = run("yes", response_format={"type": "grammar", "grammar": "root ::= 'yes'"})
    assert "unchecked:response_format" in result.flags


def test_pydantic_decides_where_a_model_was_given() -> None:
    result, _ = run('{"b": 3}', schema=Model)
    assert result.parsed == Model(b=3)


def test_a_schema_goes_out_natively_where_the_rung_can_and_in_words_elsewhere() -> None:
    result, (call,) = run('{"a": 1}', schema=PLAIN, can={"json_schema": True})
    assert call.params["response_format"]["json_schema"]["schema"] == PLAIN
    assert "schema:native" in result.flags
    for settings in ({}, {"can": {"json_schema": False}}, {"native_schema": "never", "can": {"json_schema": True}}):
        result, (call,) = run('{"a": 1}', schema=PLAIN, **settings)
        assert "response_format" not in call.params
        assert json.dumps(PLAIN, separators=(",", ":")) in call.messages[-1]["content"]
        assert "schema:prompt" in result.flags


def test_a_provider_that_refuses_the_parameter_is_asked_in_words() -> None:
    refusal = CallFailure(kind=FailureKind.BAD_REQUEST, message="response_format is not supported", charged=False)
    result, calls = run([refusal, '{"a": 1}'], schema=PLAIN, can={"json_schema": True})
    assert result.accepted
    assert [call.schema_sent for call in calls] == ["native", "prompt"]


def test_how_schemas_go_out_is_part_of_a_ladders_fingerprint() -> None:
    prints = {Ladder(Rung("m/x", verify=(), can={"json_schema": can})).fingerprint() for can in (True, False)}
    assert len(prints) == 2


def test_what_was_read_is_what_is_returned() -> None:
    text = 'Sure:\n```json\n{"a": 1.50,}\n```'
    result, _ = run(text, schema={"type": "object"})
    assert json.loads(result.answer or "") == {"a": 1.5}
    assert result.attempts[0].response.text == text
    assert {"repaired:fence", "repaired:trailing_comma"} <= set(result.flags)


def test_a_schema_that_no_verifier_checks_is_flagged() -> None:
    client = ScriptedClient({"r": "x"})
    with Cascade(Ladder(Rung("m/x", name="r", verify=("refusal",))), client=client) as app:
        assert "unchecked:schema" in app.run("?", schema=PLAIN).flags


def test_answers_are_compared_by_the_declared_field_alone() -> None:
    text = 'So: {"result": {"value": "5 km"}, "answer": 1}'
    assert field_text(text, "/result/value") == "5 km"
    assert field_text(text, "/result/none") == ""
    assert field_text("5 km", "/result/value") == "5 km"
    assert field_text(text, None) == text


def test_the_marked_property_is_the_answers_field() -> None:
    marked = {"type": "object", "properties": {"r": {"properties": {"v": {"x-cascade-answer": True}}}}}
    assert Request.of("?", schema=marked).answer_field == "/r/v"
