"""The Schema verifier: text, types and tool calls."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, field_validator

from cascade.errors import SchemaRejected
from cascade.exchange import Request
from tests.verifiers.exchanges import exchange, judge, tool_call
from verifiers.schema import Schema

ORDER = {"type": "object", "required": ["qty"], "properties": {"qty": {"type": "integer", "minimum": 1}}}
TOOLS = [
    {"type": "function", "function": {"name": "buy", "parameters": ORDER}},
    {"type": "function", "function": {"name": "wait"}},
]


class Invoice(BaseModel):
    total: Decimal
    due: dt.date
    lines: tuple[str, ...] = ()

    @field_validator("total")
    @classmethod
    def _positive(cls, total: Decimal) -> Decimal:
        if total <= 0:
            raise ValueError("must be above 0")
        return total


@dataclass
class Point:
    x: int
    y: int


def test_an_answer_that_satisfies_the_schema_scores_one_and_is_parsed() -> None:
    verdict = judge(Schema(ORDER), exchange('Sure:\n```json\n{"qty": 3}\n```'))
    assert (verdict.score, verdict.veto, verdict.parsed) == (1.0, False, {"qty": 3})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"qty": 0}', "$.qty: "),
        ("{}", '$: "qty"'),
        ("three", "no JSON answer"),
        ("", "no JSON answer: the answer is empty"),
    ],
)
def test_one_that_does_not_is_vetoed_and_told_where(text: str, why: str) -> None:
    verdict = judge(Schema(), exchange(text, schema=ORDER))
    assert verdict.veto
    assert verdict.reason.startswith(why)


@pytest.mark.parametrize(
    "said", ['{"qty": 3} as asked', '{"qty": 3}\n\nAnything else?', 'Sure!\n```json\n{"qty": 3}\n```\nDone.']
)
def test_text_before_and_behind_is_read_and_flagged_unless_strict(said: str) -> None:
    verdict = judge(Schema(ORDER), exchange(said))
    assert (verdict.score, verdict.veto, verdict.parsed) == (1.0, False, {"qty": 3})
    assert any(flag.startswith("repaired:") for flag in verdict.flags)
    assert judge(Schema(ORDER, strict=True), exchange(said)).veto


@pytest.mark.parametrize("said", ['{"qty": 3} {"qty": 4}', '{"qty": 3} or {"qty": 4}', '{"qty": 3} {"qty": '])
def test_a_second_value_behind_it_is_vetoed(said: str) -> None:
    assert judge(Schema(ORDER), exchange(said)).veto


def test_without_a_schema_it_abstains() -> None:
    assert judge(Schema(), exchange("anything")).abstained


def test_its_own_schema_goes_before_the_requests() -> None:
    assert judge(Schema({"type": "string"}), exchange('"x"', schema=ORDER)).score == 1.0


def test_a_model_is_checked_by_its_own_validators_and_parsed_into() -> None:
    given = '{"total": 12.50, "due": "2026-05-04", "lines": ["a"]}'
    verdict = judge(Schema(Invoice), exchange(given))
    assert verdict.parsed == Invoice(total=Decimal("12.5"), due=dt.date(2026, 5, 4), lines=("a",))
    refused = judge(Schema(Invoice), exchange('{"total": -1, "due": "2026-05-04"}'))
    assert refused.veto
    assert refused.reason.startswith("$.total: ")
    assert "above 0" in refused.reason


def test_the_requests_own_type_is_parsed_into() -> None:
    request = exchange('{"x": 1, "y": 2}', schema={"type": "object"}, output_type=Point)
    assert judge(Schema(), request).parsed == Point(1, 2)
    assert judge(Schema(), exchange('{"x": 1}', schema={"type": "object"}, output_type=Point)).veto


def test_any_type_that_pydantic_knows_will_do() -> None:
    def even(number: int) -> int:
        if number % 2:
            raise ValueError("must be even")
        return number

    evens = list[Annotated[int, AfterValidator(even)]]
    assert judge(Schema(evens), exchange("[2, 4]")).parsed == [2, 4]
    assert judge(Schema(evens), exchange("[2, 3]")).reason.startswith("$[1]: ")
    with pytest.raises(SchemaRejected):
        Schema(object())


def test_a_number_in_quotes_is_a_number_to_a_type_that_takes_it_and_not_to_a_schema() -> None:
    text = '{"x": "1", "y": 2}'
    assert judge(Schema(Point), exchange(text)).parsed == Point(x=1, y=2)
    assert judge(Schema(dict[str, Annotated[int, Field(strict=True)]]), exchange(text)).veto
    assert judge(Schema(TypeAdapter(Point).json_schema()), exchange(text)).veto


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("buy", '{"qty": 2}', ""),
        ("wait", "", ""),
        ("wait", "{}", ""),
        ("sell", "{}", "not among the tools"),
        ("buy", '{"qty": "2"}', "$.qty: "),
        ("buy", '{"qty": 2, "qty": 3}', "same key twice"),
        ("buy", "{'qty': 2}", "not JSON"),
        ("buy", "[1]", "not a JSON object"),
        ("buy", "", '"qty"'),
        ("buy", '{"qty": NaN}', "NaN"),
    ],
)
def test_tool_calls_are_checked_against_the_tools_offered(name: str, arguments: str, why: str) -> None:
    verdict = judge(Schema(), exchange(params={"tools": TOOLS}, tool_calls=(tool_call(name, arguments),)))
    assert verdict.veto is bool(why)
    assert why in verdict.reason
    assert verdict.score == (None if why else 1.0)


def test_of_an_answer_with_tool_calls_the_text_is_not_looked_at() -> None:
    calls = (tool_call("buy", '{"qty": 2}'), tool_call("buy", '{"qty": 0}'))
    assert judge(Schema(ORDER), exchange("Wait…", params={"tools": TOOLS}, tool_calls=calls[:1])).score == 1.0
    assert judge(Schema(), exchange(params={"tools": TOOLS}, tool_calls=calls)).reason.startswith("tool_calls[1].buy")
    assert judge(Schema(), exchange(tool_calls=calls)).veto


def test_a_call_that_was_demanded_must_be_made() -> None:
    assert judge(Schema(), exchange("no", params={"tools": TOOLS, "tool_choice": "required"})).veto
    one = {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "buy"}}}
    assert "was asked for" in judge(Schema(), exchange(params=one, tool_calls=(tool_call("wait", ""),))).reason
    assert judge(Schema(), exchange("no", params={"tools": TOOLS})).abstained


def test_a_request_that_could_not_be_checked_is_refused_before_the_first_call() -> None:
    bad: dict[str, Any] = {"$ref": "http://127.0.0.1:1/x"}
    with pytest.raises(SchemaRejected):
        Schema().prepare(Request.of("x", schema=bad))
    Schema().prepare(Request.of("x", schema=ORDER, params={"tools": TOOLS}))


def test_a_tool_whose_schema_cannot_be_checked_costs_its_own_check_only() -> None:
    bad = {"type": "function", "function": {"name": "odd", "parameters": {"$ref": "http://127.0.0.1:1/x"}}}
    params = {"tools": [*TOOLS, bad]}
    Schema().prepare(Request.of("x", params=params))
    verdict = judge(Schema(), exchange(params=params, tool_calls=(tool_call("odd", "{}"),)))
    assert verdict.abstained
    assert verdict.flags == ("unchecked:tool_schema",)
    assert "odd" in verdict.reason
    assert judge(Schema(), exchange(params=params, tool_calls=(tool_call("odd", "no"),))).veto
    assert judge(Schema(), exchange(params=params, tool_calls=(tool_call("buy", '{"qty": 2}'),))).score == 1.0


@pytest.mark.parametrize(
    "params",
    [
        {"functions": [{"name": "buy", "parameters": {"type": "object"}}], "function_call": {"name": "buy"}},
        {
            "tools": [{"name": "buy", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "tool", "name": "buy"},
        },
        {"tools": [{"function_declarations": [{"name": "buy"}]}], "tool_choice": "required"},
        {"tools": [{"type": "custom", "custom": {"name": "buy"}}], "tool_choice": {"type": "any"}},
    ],
)
def test_tools_are_known_in_every_form_in_which_they_are_offered_and_demanded(params: dict[str, Any]) -> None:
    assert judge(Schema(), exchange(params=params, tool_calls=(tool_call("buy", "{}"),))).score == 1.0
    assert judge(Schema(), exchange(params=params, tool_calls=(tool_call("sell", "{}"),))).veto
    assert judge(Schema(), exchange("no", params=params)).veto


def test_that_the_text_beside_calls_was_not_checked_is_flagged() -> None:
    call = tool_call("buy", '{"qty": 2}')
    verdict = judge(Schema(), exchange("x", schema=ORDER, params={"tools": TOOLS}, tool_calls=(call,)))
    assert verdict.flags == ("unchecked:schema",)


def test_a_schema_that_accepts_everything_is_warned_about() -> None:
    assert Schema({}).concerns(judged="a/b", above=None, price_usd=lambda model: None)
    assert not Schema(ORDER).concerns(judged="a/b", above=None, price_usd=lambda model: None)
    assert judge(Schema(), exchange("1", schema={})).flags == ("schema_accepts_everything",)


def test_large_answers_are_checked_off_the_event_loop() -> None:
    small = Schema(ORDER).flow(exchange('{"qty": 1}'))
    with pytest.raises(StopIteration):
        next(small)
    (work,) = next(Schema(ORDER).flow(exchange('{"qty": 1}' + " " * 100_000)))
    assert work.run().score == 1.0


def test_settings_change_with_the_schema() -> None:
    assert Schema(ORDER).settings() != Schema({"type": "object"}).settings()
    assert Schema().describe() == {
        "name": "schema",
        "version": "3",
        "settings": {"schema": None, "formats": False, "strict": False},
    }
