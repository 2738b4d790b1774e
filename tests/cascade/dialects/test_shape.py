"""A long body is counted and parsed in slices, and is what a parser would have made of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.chat import read_logprobs
from cascade.dialects.pieces import parse
from cascade.dialects.shape import MOST_ENTRIES, ShapeError, ShapeLimits, is_deep, scan

Found = TypeVar("Found")
MANY = ShapeLimits(choices=5, entries=50, alternatives=3)
names = st.sampled_from(["choices", "content", "logprobs", "tool_calls", "top_logprobs", "message", "a"])
texts = st.one_of(
    names,
    st.text(max_size=120),
    st.text(alphabet='ab"\\\n{}[],:é😀\ud83d\ude00\x00', max_size=200),
    st.just('{"choices": [{"logprobs": {"content": ['),
)
numbers = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
entry = st.fixed_dictionaries(
    {"token": texts, "logprob": numbers},
    optional={"bytes": st.lists(st.integers(0, 255), max_size=3), "top_logprobs": st.lists(anything, max_size=3)},
)
choice = st.fixed_dictionaries(
    {"message": st.fixed_dictionaries({"content": texts | st.none()}, optional={"tool_calls": st.lists(anything)})},
    optional={"logprobs": st.none() | st.fixed_dictionaries({"content": st.lists(entry, max_size=8) | st.none()})},
)
completion = st.fixed_dictionaries(
    {"choices": st.lists(choice, max_size=4)}, optional={"usage": anything, "x": anything}
)


def run(work: Generator[None, None, Found]) -> tuple[Found, int]:
    """Do work in slices; return what it found, and in how many slices."""
    slices = 0
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value, slices
        slices += 1


def without_logprobs(body: Any) -> Any:
    """Take out what is read apart."""
    for one in body["choices"]:
        if one.get("logprobs") and one["logprobs"].get("content"):
            one["logprobs"]["content"] = []
    return body


@given(completion, st.sampled_from([64, 100, 257, 1 << 16]), st.booleans(), st.sampled_from([None, 1]))
def test_a_body_parsed_in_slices_is_what_a_parser_makes_of_it(body, window, ascii_only, indent):
    written = json.dumps(body, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    try:
        whole = json.loads(written)
    except ValueError:
        return
    (parsed, tokens), _ = run(parse(written, MANY, window=window))
    first = whole["choices"][0] if whole["choices"] else {}
    # Compared by their words: NaN is no equal of itself.
    assert repr(tokens) == repr(read_logprobs(first.get("logprobs"), 3))
    assert parsed == without_logprobs(whole)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode), st.sampled_from([64, 1 << 16]))
def test_whatever_comes_is_scanned_to_its_end(body, window):
    with contextlib.suppress(ValueError):  # a ShapeError among them
        run(parse(body, MANY, window=window))


def token(alternatives: int = 0) -> dict[str, Any]:
    top = [{"token": " a", "logprob": -1.5, "bytes": [32, 97]}] * alternatives
    return {"token": " a", "logprob": -0.25, "bytes": [32, 97], "top_logprobs": top}


def body(choices: int = 1, entries: int = 0, alternatives: int = 0, calls: int = 0) -> bytes:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "fine", "tool_calls": [call] * calls}
    one = {"index": 0, "message": message, "logprobs": {"content": [token(alternatives)] * entries}}
    return json.dumps({"id": "c", "choices": [one] * choices}).encode()


@pytest.mark.parametrize(
    ("made", "limits", "said"),
    [
        (body(choices=3), ShapeLimits(choices=2), "more than 2 choices"),
        (body(entries=11), ShapeLimits(entries=10), "more than 10 log-probability entries"),
        (body(calls=513), ShapeLimits(), "more than 512 tool calls"),
        (body(choices=2, calls=300), ShapeLimits(choices=2), "more than 512 tool calls"),
        (b'{"choices":' + b"[" * 300 + b"]" * 300 + b"}", ShapeLimits(), "nested deeper than 200"),
        (b"[" + b"[]," * 1_000_000 + b"[]]", ShapeLimits(), "more than 1,000,000 objects"),
    ],
)
def test_a_body_that_holds_more_than_was_asked_for_is_refused(made, limits, said):
    with pytest.raises(ShapeError, match=said):
        run(scan(made, limits))


def test_names_in_a_text_count_for_nothing():
    answer = json.dumps({"choices": [{"message": {"content": '"choices": [{}, {}, {}], "tool_calls": [' * 2000}}]})
    holes, _ = run(scan(answer.encode(), ShapeLimits()))
    assert [hole.kind for hole in holes] == ["text"]


def test_a_long_answer_is_taken_in_slices_and_read_as_far_as_asked():
    made = body(entries=1000, alternatives=20)
    (parsed, tokens), slices = run(parse(made, ShapeLimits(entries=1000, alternatives=5)))
    assert len(tokens) == 1000
    assert {len(one.top) for one in tokens} == {5}
    assert parsed["choices"][0]["message"]["content"] == "fine"
    assert slices >= 2 * len(made) // (64 << 10)


def test_what_is_left_beside_texts_and_log_probabilities_is_bounded_too():
    made = b'{"choices": [], "x": [' + b"1," * (1 << 20) + b"1]}"
    with pytest.raises(ShapeError, match="beside texts"):
        run(parse(made, ShapeLimits()))


@pytest.mark.parametrize(
    ("params", "choices", "entries"),
    [({}, 1, MOST_ENTRIES), ({"n": 3, "max_tokens": 100}, 3, 164), ({"max_completion_tokens": 8, "n": "x"}, 1, 72)],
)
def test_what_may_come_is_what_was_asked_for(params, choices, entries):
    limits = ShapeLimits.of(params)
    assert (limits.choices, limits.entries) == (choices, entries)


def test_depth_is_told_from_the_number_of_brackets():
    assert is_deep(b"[" * 201 + b"]" * 201)
    assert not is_deep(b"[]" * 1000)
