"""Sameness: where a rung's answer equals the reference's, its loss is zero and no label is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.arrays import Flags
from calibration.samples.grade import ANSWER_FIELD, json_equal, normalized
from cascade.exchange import Response
from cascade.files import strict_json
from cascade.samples.sample import Sample


def same_answers(samples: Sequence[Sample], rungs: Sequence[str]) -> Flags:
    """Return which rungs gave the reference's answer, (n, K) in the order of samples and rungs.

    The last column is True where the reference was recorded; a row without it is all False. `same_answer` defines
    "same"; where the gold answer is a text or number, the `answer` field of JSON answers decides alone, as in grading.
    """
    rows = [match_reference(sample, rungs) for sample in samples]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(rungs))


def match_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave the reference's answer to one sample, (K,); see `same_answers`."""
    top = sample.recordings.get(rungs[-1])
    if top is None:
        return [False] * len(rungs)
    by_field = sample.gold is not None and not isinstance(sample.gold, dict | list)
    found = (sample.recordings.get(rung) for rung in rungs)
    return [
        own is not None and (own is top or same_answer(own.response, top.response, by_field=by_field)) for own in found
    ]


def repeat_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave an answer identical to the reference's, (K,), so alike in every dimension."""
    top = sample.recordings.get(rungs[-1])
    found = (sample.recordings.get(rung) for rung in rungs)
    return [
        top is not None
        and own is not None
        and own.response.text == top.response.text
        and _calls(own.response) == _calls(top.response)
        for own in found
    ]


def same_answer(left: Response, right: Response, *, by_field: bool = False) -> bool:
    """Return whether two answers must get the same label from any labeller; False in doubt.

    Texts agree in letter case, blanks and punctuation at the ends aside; JSON by value. Tool calls: same names and
    arguments in the same order. Two empty answers agree. `by_field`: of two JSON objects with an `answer` field,
    those fields decide, and reasoning beside them does not.
    """
    if left.tool_calls or right.tool_calls:
        return _calls(left) == _calls(right) and left.text.strip() == right.text.strip()
    if by_field:
        mine, theirs = _field(left.text), _field(right.text)
        if mine is not None and theirs is not None:
            return bool(normalized(str(mine), str(theirs)))
    if normalized(left.text, right.text):
        # Texts of punctuation only leave nothing to compare.
        return left.text.strip() == right.text.strip() or any(map(str.isalnum, left.text))
    parsed = _parsed(right.text)
    return isinstance(parsed, dict | list) and bool(json_equal(left.text, parsed))


def _calls(response: Response) -> list[tuple[Any, Any]]:
    calls = [call.get("function", {}) for call in response.tool_calls]
    return [(call.get("name"), _parsed(call.get("arguments"))) for call in calls]


def _field(text: str) -> Any:
    found = _parsed(text)
    if not isinstance(found, dict):
        return None
    named = [value for key, value in found.items() if key.casefold() == ANSWER_FIELD]
    return named[0] if len(named) == 1 and isinstance(named[0], str | int | float) else None


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and "\n" in body:
        body = body.split("\n", 1)[1].removesuffix("```")
    try:
        return strict_json(body)
    except (ValueError, RecursionError):
        return text
