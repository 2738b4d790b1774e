"""JSON answers are laid out digit by digit, and only what differs is marked."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cascade.labelling.lay_json import lay_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def differing(text: str, against: str) -> list[str]:
    (_, lines) = lay_json([against, text], None)["answers"]
    return [line.strip() for line, differs in lines if differs]


@given(VALUES.filter(lambda value: isinstance(value, dict | list)))
def test_the_lines_are_the_same_json_and_equal_answers_do_not_differ(value: object) -> None:
    (lines,) = lay_json([json.dumps(value)], json.dumps(value, indent=3))["answers"]
    assert json.loads("\n".join(line for line, _ in lines)) == value
    assert not any(differs for _, differs in lines)


def test_digits_are_those_that_the_model_wrote() -> None:
    (lines,) = lay_json(['{"a": 1.10, "b": 12345678901234567890123, "c": 1e2}'], None)["answers"]
    assert [line for line, _ in lines] == ["{", '  "a": 1.10,', '  "b": 12345678901234567890123,', '  "c": 1e2', "}"]
    assert Decimal("1.10") == Decimal("1.1")


def test_only_what_differs_is_marked_and_another_order_of_keys_is_no_difference() -> None:
    assert differing('{"b": 2, "a": 1}', '{"a": 1, "b": 2}') == []
    assert differing('{"a": 1, "b": 3}', '{"a": 1, "b": 2}') == ['"b": 3']
    assert differing('```json\n{"a": 1, "b": 2, "c": [4]}\n```', '{"a": 1, "b": 2}') == ['"c": [', "4", "]"]


def test_the_gold_answer_is_what_is_compared_with() -> None:
    found = lay_json(['{"a": 1}', '{"a": 2}'], '{"a": 2}')
    assert [[differs for _, differs in lines] for lines in found["answers"]] == [[False, True, False], [False] * 3]


def test_texts_that_are_no_json_are_left_as_they_are() -> None:
    found = lay_json(["It is 4.", "4", '{"a": ', "[" * 100_000], "four")
    assert found == {"gold": None, "answers": [None] * 4}
