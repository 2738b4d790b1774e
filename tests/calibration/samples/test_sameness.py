"""Sameness: equal answers, which must get the same label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration.samples.sameness import same_answer, same_answers
from cascade.clients.scripted import scripted
from cascade.exchange import Request
from cascade.samples.sample import Recording, Sample


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("B", " b. "),
        ('{"a": 1, "b": [2.0]}', '{"b": [2], "a": 1.0}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("", ""),
        ("?!", "?!"),
        ("5 km", "5,000 metres"),
        ("The answer is **B**", "B"),
        ("<think>maybe A</think>B", "B"),
        ("1234.56", "The answer is 1234.56"),
    ],
)
def test_form_aside_they_are_the_same(left: str, right: str) -> None:
    assert same_answer(scripted(left), scripted(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("B", "C"),
        ("", "B"),
        ("?!", "..."),
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ("18", "18 apples"),
        ("18", "$18"),
        ("3 or 4", "4 or 3"),
        ("5 km", "5 m"),
    ],
)
def test_in_doubt_they_are_not(left: str, right: str) -> None:
    assert not same_answer(scripted(left), scripted(right))


def test_the_answer_field_of_an_object_decides_and_reasoning_beside_it_does_not() -> None:
    left, right = (scripted(f'{{"reasoning": "{why}", "Answer": "B"}}') for why in ("short", "long"))
    assert same_answer(left, right)
    assert not same_answer(left, scripted('{"reasoning": "short", "Answer": "C"}'))


def test_tool_calls_are_compared_by_name_and_arguments() -> None:
    def call(arguments: str):
        return replace(
            scripted(""), tool_calls=({"id": arguments, "function": {"name": "find", "arguments": arguments}},)
        )

    assert same_answer(call('{"x": 1, "y": 2}'), call('{"y": 2, "x": 1}'))
    assert not same_answer(call('{"x": 1}'), call('{"x": 2}'))
    assert not same_answer(call('{"x": 1}'), scripted(""))


def test_rungs_that_were_not_recorded_are_not_the_same() -> None:
    def sample(**answers: str) -> Sample:
        recordings = {rung: Recording(rung=rung, model=rung, response=scripted(text)) for rung, text in answers.items()}
        return Sample(request=Request.of("?"), gold="B", recordings=recordings)

    found = same_answers([sample(small="B", large="b"), sample(large="B"), sample(small="B")], ("small", "large"))
    assert found.tolist() == [[True, True], [False, True], [False, False]]
