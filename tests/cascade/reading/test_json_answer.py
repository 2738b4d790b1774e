"""The strict parser and the one rule for fences and prose."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.reading.json_answer import find_json
from cascade.reading.strict_json import NotJson, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _value(text: str) -> Any:
    return find_json(text).value


@given(VALUES)
def test_whatever_python_writes_as_json_is_read_back(value: Any) -> None:
    try:
        text = json.dumps(value)
        text.encode()
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert parse_json(text) == value
    assert _value(f"  {text}\n") == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"ok":false,"ok":true}', "same key twice"),
        ('{"a":{"b":1,"c":{"b":1,"b":2}}}', "same key twice"),
        ("NaN", "NaN"),
        ('{"a":-Infinity}', "Infinity"),
        ("1e999", "range of a double"),
        ('{"a":[1,-1e400]}', "range of a double"),
        ("1" * 5000, "4,300 digits"),
        ("[" * 101 + "]" * 101, "deeper than 100"),
        ("[" * 100_000, "deeper than 100"),
        ('{"a":' * 101 + "1" + "}" * 101, "deeper than 100"),
        ('"\\ud800"', "lone surrogate"),
        ('"\ud800"', "lone surrogate"),
        ('\ufeff{"a":1}', "byte-order mark"),
        ('{"a":1} x', "text after"),
        ("True", "not JSON"),
        ("{'a':1}", "not JSON"),
        ("", "not JSON"),
        ('"' + "a" * 2**20 + '"', "bytes long"),
        ("[1,]", "not JSON"),
        ("01", "text after"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotJson, match=why):
        parse_json(text)


def test_a_hundred_levels_and_a_hundred_digits_are_fine() -> None:
    assert parse_json("[" * 100 + "]" * 100)
    assert parse_json("9" * 100) == int("9" * 100)
    assert parse_json('{"a:b": ":", "c": "\\ud83d\\ude00\\u0000"}') == {"a:b": ":", "c": "😀\0"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}',
        ' \n{"a":1}\n',
        '```json\n{"a":1}\n```',
        '```JSON\n{"a":1}```',
        '```\n{"a":1}\n```',
        '```{"a":1}```',
        'Here you go:\n```json\n{"a":1}\n```\nbye',
        '```json\n{"a":1}',
        '{"a":1} trailing',
        'The answer is {"a": 1}.',
        'As in [1] and [2, 3]: {"a":1}',
        'With `{x}` and \\frac{1}{2}: {"a":1}',
        '<think>{"a":2}</think>{"a":1}',
        '<thinking>\n[5]\n</thinking>\n<think></think>```json\n{"a":1}\n```',
        'so it was {"a":2}\n</think>\n{"a":1}',
        '```json\n{"a":1}\n```\nor again\n```json\n{"a": 1}\n```',
        '```python\nd = {"a": 2}\n```\n```json\n{"a":1}\n```',
        '```text\n7\n```\n```json\n{"a":1}\n```',
    ],
)
def test_one_object_is_found_whatever_stands_around_it(text: str) -> None:
    assert _value(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"a":1}\n```\n```json\n{"a":2}\n```',
        '{"a":1} or {"a":2}',
        '{"a":1} {"b": broken} ',
        '{"bad": x, "inner": {"a":1}}',
        "{'a': {\"a\":1}}",
        '[see {"a":1}]',
        '```json\n{"a":1,}\n```\n{"a":1}',
        '<think>{"a":1}',
        '[{"a":1}, {"a":1}] {"a":1}',
        "```json\n```",
        "no JSON at all",
        "",
        " \n",
    ],
)
def test_what_is_ambiguous_or_broken_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        find_json(text)


def test_strings_may_hold_fences_and_tags() -> None:
    value = {"code": "```py\nx\n```", "tag": "<think>1</think>"}
    assert _value(json.dumps(value)) == value
    assert _value(f"```json\n{json.dumps(value)}\n```") == value


def test_a_broken_block_is_told_of_with_its_reason() -> None:
    with pytest.raises(NotJson, match=r"marked json is not JSON .*control character"):
        find_json('```json\n{"a": "line\nbreak"}\n```')
    with pytest.raises(NotJson, match="goes on after its value"):
        find_json('```json\n{"a": 1} {"b": 2}\n```')


def test_true_and_one_are_two_answers() -> None:
    with pytest.raises(NotJson, match="not the same"):
        find_json('{"a":true} {"a":1}')


MIB = 2**20
HOSTILE = [
    "{" * MIB, "[" * MIB, "`" * MIB, '"' * MIB, '["' * (MIB // 2), '{"a":[' * (MIB // 6), "```[" * (MIB // 4),
    "```json\n" * (MIB // 8), "x [ " * (MIB // 4), ("[" * 90 + "]" * 90 + ",") * (MIB // 181), '{"a":1} ' * (MIB // 8),
    "```json\n" + "\n" * (MIB - 20), "<think>" * (MIB // 7), '["' + '\\"' * (MIB // 2 - 9) + "\\q", "[1e" * (MIB // 3),
    '"' + "\\" * (MIB - 9), "1" * MIB, '["' + "\\ud8" * (MIB // 6), "{ " * (MIB // 2), "} " * (MIB // 2),
    "[" + ",".join(["{}"] * (MIB // 3 - 9)) + "] [1]x", "<think></think>" * (MIB // 15), "[a](b) " * (MIB // 7),
]  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_a_mebibyte_of_anything_takes_linear_time(text: str) -> None:
    # The limit of the mark catches a quadratic rule (minutes); measured times stand in the report, not in an assert.
    for hostile in (text, f"x {text[2:]}"):
        with suppress(NotJson):
            assert isinstance(find_json(hostile).value, list)
