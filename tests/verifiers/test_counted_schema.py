"""CountedSchema validates what the fast validator does not support, within limits for any answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verifiers.exchanges import exchange
from verifiers import Schema
from verifiers.compiled_schema import COUNTED_WORK, compile_schema

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
PASSWORD = r"^(?=.*[a-z])(?=.*\d)[^\s]{8,}$"
EMAIL = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "pattern": "^(?!admin)"}, "user", "admin1"),
        ({"type": "string", "pattern": EMAIL}, "ann@example.org", "a..b@example.org"),
        ({"properties": {"key": {"pattern": PASSWORD}}}, {"key": "abcdefg1"}, {"key": "abcdefgh"}),
        ({"pattern": r"^(?<!x)(.)\1$"}, "aa", "ab"),
        ({"pattern": r"^(?!\s*$)\p{L}"}, "été", "  "),
        ({"patternProperties": {"^(?!_)": {"type": "integer"}}}, {"_a": "x", "a": 1}, {"a": "x"}),
        ({"patternProperties": {"^(?!_)": {}}, "additionalProperties": False}, {"a": 1}, {"_a": 1}),
        ({"propertyNames": {"pattern": "^(?!_)"}}, {"a": 1}, {"_a": 1}),
        ({"items": [{"type": "string"}, {"type": "integer"}]}, ["a", 1], ["a", "b"]),
        ({"items": [{"type": "string"}], "additionalItems": False}, ["a"], ["a", 1]),
        ({"$schema": DRAFT_7, "items": [{"const": 1}], "additionalItems": {"const": 2}}, [1, 2, 2], [1, 2, 3]),
        ({"$schema": DRAFT_7, "items": [True], "dependencies": {"a": ["b"]}}, {"a": 1, "b": 2}, {"a": 1}),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 2, "exclusiveMinimum": True},
            3,
            2,
        ),
        (
            {"properties": {"a": {"$id": "https://x.example/n", "type": "integer"}, "b": {"$ref": "https://x.example/n"}}},
            {"b": 1},
            {"b": "1"},
        ),
        (
            {"$id": "https://x.example/a", "$defs": {"n": {"$id": "n", "type": "integer"}}, "items": {"$ref": "n"}},
            [1],
            ["1"],
        ),
        (
            {
                "$id": "https://x.example/a",
                "$defs": {"t": {"$id": "t", "items": {"$ref": "#"}, "type": "array"}},
                "$ref": "t",
            },
            [[[]]],
            [[3]],
        ),
    ],
)  # fmt: skip
def test_what_the_fast_validator_refuses_is_checked_all_the_same(
    schema: dict[str, Any], right: Any, wrong: Any
) -> None:
    compiled = compile_schema(schema)
    assert compiled.work("") == COUNTED_WORK
    assert compiled.complaint(right, "x") is None
    assert compiled.complaint(wrong, "x")


def test_schemas_that_the_fast_validator_takes_stay_with_it() -> None:
    assert compile_schema({"pattern": "^(a+)+$"}).work("") < COUNTED_WORK


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"pattern": r"(?=.)(a+)+\1$"}, "a" * 2000 + "!"),
        ({"not": {"pattern": r"(?=.)(a+)+\1$"}}, "a" * 2000 + "!"),
        ({"pattern": "(?=.*b)a"}, "a" * 50_000),
        ({"pattern": "(?:(?=[^z]*z)a)*b"}, "a" * 60_000),
        ({"items": {"pattern": "(?:(?=[^z]*z)a)*b"}}, ["a" * 1999 + "z"] * 500),
        ({"patternProperties": {r"(?=.)(a+)+\1$": {}}}, {"a" * 2000 + "!": 1}),
        ({"pattern": "(?=a)", "uniqueItems": True}, [{"a": i} for i in range(4000)]),
        ({"pattern": "(?=a)", "items": {"type": "integer"}}, [1] * 100_000),
    ],
)
def test_no_answer_makes_it_run_away(schema: dict[str, Any], answer: Any) -> None:
    wrong = compile_schema(schema).complaint(answer, "x")
    assert wrong is not None
    assert "too long" in wrong or "takes" in wrong


@pytest.mark.parametrize("pattern", ["(a+)+$", "(?=a)(a+)+$", "^(?=(a|a)*$)b", "^(?!(x+x+)+y)z"])
@pytest.mark.parametrize("items", [{}, {"items": [{"type": "string"}]}])
def test_patterns_that_are_known_to_explode_are_decided(pattern: str, items: dict[str, Any]) -> None:
    assert compile_schema({"pattern": pattern, **items}).complaint("a" * 40 + "!", "x")


def test_a_schema_that_branches_into_itself_ends() -> None:
    schema = {"pattern": "(?=a)", "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, "not": {"const": 3}}
    value: Any = 3
    for _ in range(60):
        value = [value]
    assert "steps" in (compile_schema(schema).complaint(value, "x") or "")


def test_a_complaint_names_the_place_and_the_keyword_and_quotes_no_answer() -> None:
    compiled = compile_schema({"properties": {"a": {"items": [{"pattern": "^(?!sec)"}]}}})
    assert compiled.complaint({"a": ["secret"]}, "x") == "$.a[0]: does not satisfy pattern: '^(?!sec)'"
    assert compile_schema({"items": [False]}).complaint(["secret"], "x") == "$: is not allowed by the schema"


def test_formats_are_checked_where_that_is_asked_for() -> None:
    schema = {"format": "email", "pattern": "^(?!x)"}
    assert compile_schema(schema).complaint("a", "x") is None
    assert compile_schema(schema, formats=True).complaint("a", "x")


def test_a_keyword_that_neither_can_count_is_left_out_and_named() -> None:
    compiled = compile_schema({"patternProperties": {"^(?!_)": {"type": "integer"}}, "unevaluatedProperties": False})
    assert compiled.unchecked == ("$.unevaluatedProperties",)
    assert compiled.complaint({"a": "x"}, "x")
    assert compiled.complaint({"_": "x"}, "x") is None


def test_the_schema_verifier_checks_such_an_answer_and_such_a_tool() -> None:
    schema = {"type": "object", "properties": {"to": {"type": "string", "pattern": EMAIL}}, "required": ["to"]}
    tools = [{"type": "function", "function": {"name": "invite", "parameters": schema}}]
    call = {"id": "1", "type": "function", "function": {"name": "invite", "arguments": '{"to": "a..b@example.org"}'}}
    assert Schema(schema).check(exchange('{"to": "ann@example.org"}')).score == 1.0
    assert Schema(schema).check(exchange('{"to": "a..b@example.org"}')).veto
    exchanged = exchange("", tool_calls=(call,), params={"tools": tools})
    assert "tool_calls[0].invite: $.to" in Schema().check(exchanged).reason
