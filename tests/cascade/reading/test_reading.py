"""Parts of a reading: thinking, what is said, JSON with the tolerance it took, numbers."""

from __future__ import annotations

import pytest

from cascade.reading import NotJson, Unsure, read
from tests.verifiers.exchanges import exchange
from verifiers.refusal import Refusal
from verifiers.schema import Schema

THINKING = [
    "<think>hm</think>",
    "<thinking>\nhm\n</thinking>\n",
    "<THINK>hm</think>",
    "<seed:think>hm</seed:think>",
    "[THINK]hm[/THINK]",
    "◁think▷hm◁/think▷",
    "<|begin_of_thought|>hm<|end_of_thought|>",
    "<|START_THINKING|>hm<|END_THINKING|>",
    "<unused94>hm<unused95>",
    "<think>a</think>\n<think>b</think>",
    "hm\n</think>\n",
    "Here is my thought process:\nhm\nHere is my response:",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>",
]


@pytest.mark.parametrize("thinking", THINKING)
def test_thinking_is_left_out_whatever_marks_it_has(thinking: str) -> None:
    reading = read(thinking + '{"a": 1}')
    assert reading.said.strip() == '{"a": 1}'
    assert reading.json.value == {"a": 1}
    assert "hm" in reading.thinking or "a" in reading.thinking


@pytest.mark.parametrize(
    "thinking", ["<think>hm", "[THINK]hm", "◁think▷hm", "<think>hm</think>\n", "<|START_THINKING|>hm"]
)
def test_thinking_without_an_answer_is_vetoed(thinking: str) -> None:
    assert not read(thinking).said.strip()
    assert Refusal().check(exchange(thinking)).veto


@pytest.mark.parametrize(
    "text", ['{"a": "<think>1</think>"}', "Use <b>bold</b> tags.", "I think 5.", "a < b and c > d"]
)
def test_what_only_looks_like_thinking_is_kept(text: str) -> None:
    assert read(text).said == text


REPAIRED = [
    ('{"a": 1}', ()),
    ('```json\n{"a": 1}\n```', ("fence",)),
    ('Sure: {"a": 1}. Bye!', ("prose",)),
    ('{"a": 1,}', ("trailing_comma",)),
    ('{"a": 1, "b": [1, 2,\n],}', ("trailing_comma",)),
    ('{"a": "x\ny", "b": "c\td"}', ("line_break",)),
    ('{"a": ",}", "b": "x\n,]"}', ("line_break",)),
    ('Here:\n```json\n{"a": "x\ny",}\n```', ("fence", "line_break", "trailing_comma")),
]


@pytest.mark.parametrize(("text", "repairs"), REPAIRED)
def test_the_tolerance_that_json_takes_is_named_and_flagged_and_no_veto(text: str, repairs: tuple[str, ...]) -> None:
    assert read(text).json.repairs == repairs
    verdict = Schema({}).check(exchange(text))
    assert verdict.score == 1.0
    assert set(verdict.flags) >= {f"repaired:{repair}" for repair in repairs}
    assert verdict.signals == {"repairs": float(len(repairs))}
    assert Schema({}, strict=True).check(exchange(text)).veto is bool(repairs)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1, "a": 2,}',
        '{"a": "x\ny", "b": 1, "b": 1}',
        '{"a": NaN}',
        '{"a": "x\n", "b": Infinity}',
        '{"a": 1} {"a": 2}',
        '```json\n{"a": 1,}\n```\n```json\n{"a": 2}\n```',
        '{"a": 1, "b": ',
        '{"a": "x\ny',
        '```json\n{"a": [1, 2,',
        '{"a": 1,,}',
        '{"a": "\x00"}',
        "{,}",
    ],
)
def test_what_could_be_taken_differently_is_always_vetoed(text: str) -> None:
    with pytest.raises(NotJson):
        _ = read(text).json
    assert Schema({}).check(exchange(text)).veto


def test_a_number_is_taken_where_one_is_asked_for_and_it_is_the_only_one() -> None:
    assert read("It weighs about 5 kg, says he.").number.value == 5  # type: ignore[union-attr]
    assert isinstance(read("It weighs 5 kg or 6 kg.").number, Unsure)
    assert isinstance(read("Apollo 11 landed.").number, Unsure)


@pytest.mark.parametrize("piece", ['{"a": 1,}', '{"a":"\n', ",}", '["\t",', '{"a', "```json\n{,"])
@pytest.mark.timeout(60)
def test_a_mebibyte_that_needs_tolerance_takes_linear_time(piece: str) -> None:
    text = piece * (2**20 // len(piece) - 1)
    for hostile in (text, f"x {text}", "{" + text):
        with pytest.raises(NotJson):
            _ = read.__wrapped__(hostile).json
