"""Arithmetic: the working that an answer shows is computed again; what is no working is left alone."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.exchanges import exchange, judge, tool_call
from verifiers.arithmetic import Arithmetic
from verifiers.working import equations_of

VERIFIER = Arithmetic()


def shown(text: str) -> list[bool]:
    return [one.holds for one in equations_of(text)]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("She earns 9 * $2 = $18 every day.", [True]),
        ("16 - 3 = <<16-3=13>>13 eggs are left", [True]),
        ("15 x $4 = $60, and $60 ÷ 3 = 20.", [True, True]),
        ("20 % of 50 = 10; 15% × 200 = 30", [True, True]),
        (r"\frac{3}{4} \times 8 = 6 and \(2^{10}\)", [True]),
        ("(2 + 3) * 4 = 21", [False]),
        ("1,234 × 2 = 2,468", [True]),
        ("100 / 3 = 33.33, which is ≈ 33", [True]),
        ("1/3 * 9 = 4", [False]),
        ("(60 / 150) * 100 = 40%", [True]),
        ("12 eggs / 4 eggs per box = 3 boxes", [True]),
        ("- 3 people * 8 slices = 24 slices eaten", [True]),
        ("For 8 masks she needs (2.25/3) * 8 = 6 yards", [True]),
        ("3 + 4 = 7 * 2 = 14", [False, True]),
        ("0.1 + 0.2 = 0.3", [True]),
        ("−5 + 8 = 3", [True]),
    ],
)
def test_an_equation_is_computed_exactly(text: str, holds: list[bool]) -> None:
    assert shown(text) == holds


@pytest.mark.parametrize(
    "text",
    ["x = 5", "5x/2 = 250", "2S + 60 = 100", "Father's age - 4 = 34", "2 * Dora's age + 8 = 38", "a == b", "f(x) = 3",
     "2/3 of the rest = 50", "if n >= 3: m = 2", "The answer is 4.", "2024 = a leap year", "1 / 0 = 0", ""],
)  # fmt: skip
def test_variables_names_and_code_are_no_equations(text: str) -> None:
    assert shown(text) == []


def test_a_wrong_equation_and_a_result_that_is_not_plugged_back_lower_the_score() -> None:
    right = judge(VERIFIER, exchange("3 * 4 = 12. The answer is 12."))
    wrong = judge(VERIFIER, exchange("3 * 4 = 14. The answer is 14."))
    astray = judge(VERIFIER, exchange("3 * 4 = 12. The answer is 30."))
    assert (right.score, right.signals) == (1.0, {"equations": 1.0, "wrong": 0.0, "plugged": 1.0})
    assert wrong.score == 0.5
    assert "3 * 4 = 14 does not hold" in wrong.reason
    assert (astray.score, astray.signals["plugged"]) == (0.5, 0.0)
    assert "none of their results" in astray.reason


def test_the_reasoning_of_a_json_answer_is_read() -> None:
    verdict = judge(VERIFIER, exchange(json.dumps({"reasoning": "3 * 4 = 13", "answer": "13"})))
    assert verdict.signals["wrong"] == 1.0


@pytest.mark.parametrize("answer", ["Canberra", "4", "", "Seven plus five is twelve."])
def test_without_working_it_abstains(answer: str) -> None:
    verdict = judge(VERIFIER, exchange(answer))
    assert (verdict.score, verdict.veto) == (None, False)


def test_tool_calls_show_no_working() -> None:
    assert judge(VERIFIER, exchange("", tool_calls=(tool_call("f", "{}"),))).score is None


@given(st.integers(-999, 999), st.integers(1, 999), st.sampled_from("+-*"))
def test_what_is_right_holds_and_what_is_off_by_one_does_not(a: int, b: int, sign: str) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    assert shown(f"({a}) {sign} {b} = {value}") == [True]
    assert shown(f"({a}) {sign} {b} = {value + 1}") == [False]
    (found,) = equations_of(f"so {abs(a)} {sign} {b} = {value if a >= 0 else 0}") if a >= 0 else equations_of("1+1 = 2")
    assert isinstance(found.result, Fraction)


@given(st.text(alphabet="0123456789+-*/^()=%$x. \n,abAB\\{}<>", max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(isinstance(one.holds, bool) for one in equations_of(text))


@pytest.mark.parametrize(
    "text", ["1+" * 40_000, "(" * 50_000, "1 = " * 12_000, "9^9^9^9 = 3", "9" * 50_000 + " + 1 = 2"]
)
def test_hostile_texts_end_soon_and_break_nothing(text: str) -> None:
    assert len(equations_of(text)) <= 12_000
