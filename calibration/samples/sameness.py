"""Sameness: where a rung's answer equals the reference's, its loss is zero and no label is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.arrays import Flags
from cascade.answer_schema import field_text
from cascade.exchange import Response
from cascade.reading import NotJson, Unsure, read
from cascade.reading.literals import canonical
from cascade.samples.sample import SAME_AS, Sample


def same_answers(samples: Sequence[Sample], rungs: Sequence[str]) -> Flags:
    """Return which rungs gave the reference's answer, (n, K) in the order of samples and rungs.

    The last column is True where the reference was recorded; a row without it is all False. `same_answer` defines
    "same"; the gold answer plays no part in it.
    """
    rows = [match_reference(sample, rungs) for sample in samples]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(rungs))


def match_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave the reference's answer to one sample, (K,); see `same_answers`."""
    top = sample.recordings.get(rungs[-1])
    if top is None:
        return [False] * len(rungs)
    found = (sample.recordings.get(rung) for rung in rungs)
    if sample.textless:
        # The log compared the answers while it had them, and stored which are the same.
        theirs = top.extra.get(SAME_AS)
        return [
            own is not None and (own is top or (theirs is not None and own.extra.get(SAME_AS) == theirs))
            for own in found
        ]
    return [
        own is not None and (own is top or same_answer(own.response, top.response, sample.request.answer_field))
        for own in found
    ]


def repeat_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave an answer identical to the reference's, (K,), so alike in every dimension."""
    top = sample.recordings.get(rungs[-1])
    found = (sample.recordings.get(rung) for rung in rungs)
    if sample.textless:
        return [own is not None and own is top for own in found]
    return [
        top is not None
        and own is not None
        and own.response.text == top.response.text
        and _calls(own.response) == _calls(top.response)
        for own in found
    ]


def same_answer(left: Response, right: Response, field: str | None = None) -> bool:
    """Return whether two answers must get the same label from any labeller; False in doubt.

    Their final answers are equal as typed values (`cascade.reading`): numbers with the same unit, choices, dates, JSON
    by value, texts in normal form. Tool calls: same names and arguments in the same order. Two empty answers agree.
    """
    if left.tool_calls or right.tool_calls:
        return _calls(left) == _calls(right) and left.text.strip() == right.text.strip()
    if left.text.strip() == right.text.strip():
        return True
    mine, theirs = (read(field_text(one.text, field)).answer for one in (left, right))
    return not isinstance(mine, Unsure) and mine.key == theirs.key


def _calls(response: Response) -> list[str]:
    calls = [call.get("function", {}) for call in response.tool_calls]
    return [canonical([call.get("name"), _parsed(call.get("arguments"))]) for call in calls]


def _parsed(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments
    try:
        return read(arguments).json.value
    except NotJson:
        return arguments
