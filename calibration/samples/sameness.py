"""Sameness: where a rung's answer equals the reference's, its loss is zero and no label is needed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from calibration.arrays import Flags
from cascade.answer_schema import field_text
from cascade.errors import DataError
from cascade.exchange import Response
from cascade.hashing import fingerprint
from cascade.reading import VERSION, NotJson, Unsure, read, same
from cascade.reading.literals import canonical
from cascade.samples.sample import SAME_AS, Recording, Sample

READER = "reader"
"""Name of the sameness of the reader of answers."""

JUDGE = "judge:"
"""Prefix of the name of a judge's sameness."""

Compare = Callable[[Sample, Response, Response], bool | None]
"""(sample, answer, reference's answer) → whether they are the same; None in doubt."""


class PairChecks(Protocol):
    """A person's checks of a judge: what was said so far, and which rows are to be checked."""

    wanted: int
    """Rows of each task that a person is to check."""

    def said(self, sample: Sample, rung: str, top: Response) -> float | None:
        """Return how far a person says that a rung's answer is the same, in [0, 1]; None where it was not checked."""

    def ask(self, task: str, ids: Sequence[str]) -> None:
        """Take the ids of the samples that a person is to check, those that are checked included."""


def _by_reader(sample: Sample, own: Response, top: Response) -> bool | None:
    return compare_answers(own, top, sample.request.answer_field)


@dataclass(frozen=True, slots=True)
class Sameness:
    """Whose sameness it is, and how it is told; the default is the reader's (`compare_answers`)."""

    name: str = READER
    """`reader`, `module:function`, or `judge:…`."""

    version: str = VERSION
    """Changes where the same two answers may compare otherwise."""

    compare: Compare = field(default=_by_reader, repr=False)
    """Compares an answer with the reference's; asked only where both were recorded and differ in some letter."""

    checks: PairChecks | None = field(default=None, repr=False)
    """A person's checks of it; a judge's sameness is certified only with them. None: not a judge's."""

    @property
    def is_reader(self) -> bool:
        """Whether it is the reader's: only then the same value gets the same label from any labeller."""
        return self.name == READER

    @property
    def whose(self) -> str:
        """Whose it is, for a sentence: `as the reader reads them`, `as judge:gpt-5 judges`."""
        named = self.name.removeprefix(JUDGE)
        return "as the reader of answers reads them" if self.is_reader else f"as {named} judges"

    def checked(self, sample: Sample, rungs: Sequence[str]) -> list[float]:
        """Return what a person said of each rung's answer, (K,) in [0, 1]; NaN where it was not checked."""
        top = sample.recordings.get(rungs[-1])
        if self.checks is None or top is None:
            return [math.nan] * len(rungs)
        said = [self.checks.said(sample, rung, top.response) if rung in sample.recordings else None for rung in rungs]
        return [math.nan if one is None else one for one in said]

    def with_reference(self, sample: Sample, rungs: Sequence[str]) -> list[bool | None]:
        """Return whether each rung's answer to a sample is the same as the last one's, (K,); None in doubt.

        False where one of the two was not recorded.
        """
        top = sample.recordings.get(rungs[-1])
        if top is None:
            return [False] * len(rungs)
        found = [sample.recordings.get(rung) for rung in rungs]
        if sample.textless:
            return [own is not None and (own is top or self._logged(sample, own, top)) for own in found]
        return [own is not None and (own is top or self.told(sample, own.response, top.response)) for own in found]

    def _logged(self, sample: Sample, own: Recording, top: Recording) -> bool | None:
        """Return what the log stored of two answers, which it compared by the reader while it had their texts."""
        if not self.is_reader:
            message = (
                f"Sample {sample.request.id!r} has no texts for {self.name} to compare; store them (`store_text: "
                "full`), or leave sameness to the reader."
            )
            raise DataError(message)
        mine, theirs = own.extra.get(SAME_AS), top.extra.get(SAME_AS)
        return None if mine is None or theirs is None else mine == theirs

    def told(self, sample: Sample, own: Response, top: Response) -> bool | None:
        """Return whether an answer is the same as the reference's; None in doubt."""
        return repeats(own, top) or self.compare(sample, own, top)


def sameness_of(function: Callable[[str, str], bool | None], name: str) -> Sameness:
    """Return the sameness of a user's function of two texts, the answer and the reference's; None in doubt.

    Of an answer with tool calls the text is their names and arguments as JSON.

    Raises:
        DataError: while comparing: the function fails, or returns neither a truth value nor None.
    """

    def compare(sample: Sample, own: Response, top: Response) -> bool | None:
        try:
            found: Any = function(_said(own), _said(top))
        except Exception as error:
            message = f"Sample {sample.request.id!r}: {name} failed: {type(error).__name__}: {error}."
            raise DataError(message) from error
        if found is not None and not isinstance(found, bool | np.bool_):
            message = (
                f"Sample {sample.request.id!r}: {name} returned {found!r:.60}; True (same), False or None (cannot "
                "tell) was expected."
            )
            raise DataError(message)
        return None if found is None else bool(found)

    return Sameness(name=name, version=_source_of(function), compare=compare)


def same_answers(samples: Sequence[Sample], rungs: Sequence[str]) -> Flags:
    """Return which rungs gave the reference's answer, (n, K) in the order of samples and rungs.

    The last column is True where the reference was recorded; a row without it is all False. `same_answer` defines
    "same"; the gold answer plays no part in it.
    """
    rows = [match_reference(sample, rungs) for sample in samples]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(rungs))


def match_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave the reference's answer to one sample, (K,); see `same_answers`."""
    return [found is True for found in Sameness().with_reference(sample, rungs)]


def repeat_reference(sample: Sample, rungs: Sequence[str]) -> list[bool]:
    """Return which rungs gave an answer identical to the reference's, (K,), so alike in every dimension."""
    top = sample.recordings.get(rungs[-1])
    found = (sample.recordings.get(rung) for rung in rungs)
    if sample.textless:
        return [own is not None and own is top for own in found]
    return [top is not None and own is not None and repeats(own.response, top.response) for own in found]


def repeats(own: Response, top: Response) -> bool:
    """Return whether two answers are identical to the letter: text, and tool calls by name and arguments."""
    return own.text == top.text and _calls(own) == _calls(top)


def same_answer(left: Response, right: Response, field: str | None = None) -> bool:
    """Return whether two answers must get the same label from any labeller; False in doubt."""
    return compare_answers(left, right, field) is True


def compare_answers(left: Response, right: Response, field: str | None = None) -> bool | None:
    """Return whether two answers are the same as the reader reads them; None in doubt.

    Their final answers are equal as typed values (`cascade.reading`): numbers with the same unit, choices, dates, JSON
    by value, texts in normal form. Tool calls: same names and arguments in the same order. Two empty answers agree.
    `field`: the JSON pointer of the declared answer field.
    """
    if left.tool_calls or right.tool_calls:
        return _calls(left) == _calls(right) and left.text.strip() == right.text.strip()
    if left.text.strip() == right.text.strip():
        return True
    mine, theirs = (read(field_text(one.text, field)).answer for one in (left, right))
    if not isinstance(mine, Unsure) and mine.key == theirs.key:
        return True
    # `same` knows more equalities than keys do (18 and $18), but they need not get the same label.
    return None if same(mine, theirs) is not False else False


def _said(response: Response) -> str:
    return canonical(_calls(response)) if response.tool_calls else response.text


def _source_of(function: Callable[..., Any]) -> str:
    """Return a hash of a function's source; its qualified name where the source cannot be had."""
    try:
        return fingerprint(inspect.getsource(function))[:16]
    except (OSError, TypeError):
        return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', repr(type(function)))}"


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
