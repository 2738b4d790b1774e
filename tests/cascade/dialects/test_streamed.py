"""A stream of Chat Completions: what is passed on of it, what completion it makes, and where its bounds are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cascade.dialects.live_piece import LivePiece
from cascade.dialects.shape import ShapeError, ShapeLimits
from cascade.dialects.streamed import MOST_EVENT_BYTES, StreamedCompletion
from tests.faults.streams import DONE, USAGE, chunk, event

CALLS: list[dict[str, Any]] = [
    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}},
    {"index": 0, "function": {"arguments": '{"a":'}},
    {"index": 1, "id": "call_2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    {"index": 0, "function": {"arguments": "1}"}},
]
WHOLE = [
    b": a comment\n\n",
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "hm"}),
    chunk({"content": "Grüße, "}),
    chunk({"content": "Welt"}),
    *(chunk({"tool_calls": [call]}) for call in CALLS),
    chunk({}, "tool_calls"),
    USAGE,
    DONE,
]


def read(*parts: bytes, limits: ShapeLimits | None = None) -> tuple[StreamedCompletion, list[LivePiece]]:
    streamed = StreamedCompletion(limits or ShapeLimits())
    pieces = [piece for part in parts for piece in streamed.feed(part)]
    return streamed, [piece for piece in [*pieces, *streamed.close()] if piece]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_wherever_a_stream_is_cut_it_makes_the_same_completion(line_end: bytes) -> None:
    data = b"".join(WHOLE).replace(b"\n", line_end)
    whole, pieces = read(data)
    (choice,) = whole.body()["choices"]
    called = [(one["id"], one["function"]) for one in choice["message"]["tool_calls"]]
    assert called == [("call_1", {"name": "f", "arguments": '{"a":1}'}), ("call_2", {"name": "g", "arguments": "{}"})]
    assert (choice["message"]["content"], choice["finish_reason"], whole.ended) == ("Grüße, Welt", "tool_calls", True)
    assert whole.body()["usage"]["completion_tokens"] == 2
    assert "".join(piece.text for piece in pieces) == "Grüße, Welt"
    for cut in range(1, len(data), 7):
        parted, again = read(data[:cut], data[cut:])
        assert (parted.body(), again) == (whole.body(), pieces)


def test_what_comes_after_the_end_belongs_to_no_answer() -> None:
    for late in ([DONE, chunk({"content": "stray"})], [chunk({"content": "stray"})]):
        streamed, pieces = read(chunk({"content": "fine"}, "stop"), *late)
        assert [piece.text for piece in pieces] == ["fine"]
        assert (streamed.overrun, streamed.body()["choices"][0]["message"]["content"]) == (True, "fine")


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (["<thi", "nk>let me see, that is 2 and 2, which are </think>", "\n", "4", "2"], "42"),
        (["[THINK]" + "hm " * 20, "[/THINK]42"], "42"),
        (["<html><body>this is no thinking, a page", "</body>"], "<html><body>this is no thinking, a page</body>"),
        (["<think>never closed " * 5, "and on"], ""),
        (["  ", "42"], "  42"),
    ],
)  # fmt: skip
def test_thinking_between_marks_is_not_passed_on(parts: list[str], shown: str) -> None:
    _, pieces = read(*(chunk({"content": part}) for part in parts))
    assert "".join(piece.text for piece in pieces) == shown


@pytest.mark.parametrize(
    "data",
    [
        b"data: " + b"x" * MOST_EVENT_BYTES,
        event({"choices": [{"index": 1, "delta": {"content": "second"}}]}),
        event({"choices": [{"delta": {"content": json.loads("[" * 210 + "]" * 210)}}]}),
        b"".join(chunk({"tool_calls": [{"index": place, "id": f"c{place}"}]}) for place in range(600)),
        b"data: {broken\n\n",
        b"data: [1]\n\n",
        event({"choices": [{"delta": {}, "logprobs": {"content": [{}] * 20}}]}),
    ],
)
def test_what_is_more_than_was_asked_for_or_no_event_is_not_read(data: bytes) -> None:
    with pytest.raises(ShapeError):
        read(data, limits=ShapeLimits(entries=10))


@pytest.mark.parametrize("value", [{"error": {"message": "busy"}}, {"choices": [{"error": {"message": "busy"}}]}])
def test_an_error_in_the_middle_ends_it(value: Any) -> None:
    streamed, pieces = read(chunk({"content": "It"}), event(value), chunk({"content": " is"}))
    assert ([piece.text for piece in pieces], streamed.error) == (["It"], value)


@pytest.mark.parametrize("value", [None, 3, [], {"choices": 3}, {"choices": [{"delta": 3, "index": None}]}])
def test_odd_values_of_a_delta_are_passed_over(value: Any) -> None:
    odd = event({"choices": [{"delta": {"content": value, "tool_calls": value, "refusal": value, "other": value}}]})
    _, pieces = read(odd, chunk({"content": "fine"}))
    assert [piece.text for piece in pieces] == ["fine"]
