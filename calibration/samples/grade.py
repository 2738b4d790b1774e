"""Grading: labels recorded answers by comparison with the gold answer; fills `correct` before a policy is fitted.

A grader is a pure function of the answer's text and the gold answer that returns a figure in [0, 1].
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from cascade.errors import DataError
from cascade.files import strict_json
from cascade.samples.sample import Recording, Sample

Grader: TypeAlias = Callable[[str, Any], float]
"""(answer, gold) → how right it is, in [0, 1]."""

ANSWER_FIELD = "answer"
"""The field of a JSON answer, in any case, that is compared where the gold answer is not a JSON object."""

_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?(?:\d{1,3}(?:[,_\u00a0\u202f ]\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?![\d])"
)
_LONGEST = 100_000
_EDGES = re.compile(r"^[\s\"'`*_.,;:!?()\[\]]+|[\s\"'`*_.,;:!?()\[\]]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Graded samples, with counts of the labels by origin."""

    samples: tuple[Sample, ...]
    """In the order given."""

    filled: int
    """Recordings that were graded."""

    kept: int
    """Recordings that kept the label they had."""

    without_gold: int
    """Recordings that were not graded, since their sample has no gold answer."""

    @property
    def accuracy(self) -> dict[str, float]:
        """Mean `correct` by rung, over labelled recordings."""
        values: dict[str, list[float]] = {}
        for sample in self.samples:
            for rung, recording in sample.recordings.items():
                if recording.correct is not None:
                    values.setdefault(rung, []).append(recording.correct)
        return {rung: math.fsum(own) / len(own) for rung, own in values.items()}


def grade(
    samples: Iterable[Sample], grader: Grader, *, overwrite: bool = False, source: str = "gold", needs_gold: bool = True
) -> Graded:
    """Fill `correct` of recordings from the gold answers.

    Args:
        samples: recorded samples.
        grader: takes answer and gold, returns correctness in [0, 1].
        overwrite: grade labelled recordings too.
        source: the value of `label_source`.
        needs_gold: skip samples without a gold answer.

    Raises:
        DataError: the grader failed or did not return a number in [0, 1]; names the sample.
    """
    done: list[Sample] = []
    count: Counter[str] = Counter()
    for sample in samples:
        recordings: dict[str, Recording] = {}
        for rung, given in sample.recordings.items():
            recording = given
            if recording.correct is not None and not overwrite:
                count["kept"] += 1
            elif sample.gold is None and needs_gold:
                count["without_gold"] += 1
            else:
                value = _checked(grader, recording.response.text, sample)
                recording = replace(recording, correct=value, label_source=source)
                count["filled"] += 1
            recordings[rung] = recording
        done.append(replace(sample, recordings=recordings))
    return Graded(
        samples=tuple(done),
        filled=count["filled"],
        kept=count["kept"],
        without_gold=count["without_gold"],
    )


def _checked(grader: Grader, answer: str, sample: Sample) -> float:
    try:
        value: Any = grader(answer, sample.gold)
    except Exception as error:
        message = f"Sample {sample.request.id!r}: the grader failed: {type(error).__name__}: {error}."
        raise DataError(message) from error
    if not isinstance(value, bool | int | float) or not 0.0 <= value <= 1.0:
        message = f"Sample {sample.request.id!r}: the grader returned {value!r:.60}; a number in [0, 1] was expected."
        raise DataError(message)
    return float(value)


def exact(answer: str, gold: Any) -> float:
    """Return 1 where the answer is the gold text, blanks at the ends aside."""
    return float(answer.strip() == as_text(gold).strip())


def normalized(answer: str, gold: Any) -> float:
    """Return 1 where answer and gold agree in NFKC, lower case, single blanks, without punctuation at the ends."""
    return float(_normal(answer) == _normal(as_text(gold)))


def contains(answer: str, gold: Any) -> float:
    """Return 1 where the normalised answer contains the normalised gold as whole words; never for an empty gold."""
    wanted = _normal(as_text(gold))
    return float(bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _normal(answer)) is not None)


def numeric(answer: str, gold: Any) -> float:
    """Return 1 where the last number of the answer equals the gold's last number.

    Thousands may be separated by commas, blanks or underscores; the relative tolerance is 1e-9. Of a JSON answer the
    `answer` field is read first.
    """
    field = _field(answer)
    found, wanted = _last_number(answer if field is None else as_text(field)), _last_number(as_text(gold))
    if found is None or wanted is None:
        return 0.0
    return float(math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12))


def json_equal(answer: str, gold: Any) -> float:
    """Return 1 where the answer, strictly parsed, equals the gold answer as JSON; numbers by value, keys in any order.

    The answer is the whole text, else what stands in its last code fence. A gold text is parsed if it is a JSON object
    or list. Where the gold is neither, the answer object's `answer` field is compared with it, as text or number.
    """
    wanted = _parsed_gold(gold)
    try:
        found = strict_json(_body(answer))
    except (ValueError, RecursionError):
        return 0.0
    if isinstance(wanted, dict | list):
        return float(_same(found, wanted))
    if isinstance(found, dict):
        found = _answer_field(found)
    if found is None or isinstance(found, dict | list):
        return float(found is None and wanted is None)
    if _same(found, wanted):
        return 1.0
    return numeric(as_text(found), wanted) if _as_number(wanted) is not None else normalized(as_text(found), wanted)


def by_gold(answer: str, gold: Any) -> float:
    """Grade by the type of the gold answer: an object or list as JSON, a number numerically, a text normalised."""
    wanted = _parsed_gold(gold)
    if _as_number(wanted) is not None:
        return numeric(answer, wanted)
    if isinstance(wanted, dict | list) or _field(answer) is not None:
        return json_equal(answer, wanted)
    return normalized(answer, wanted)


GRADERS: Mapping[str, Grader] = {
    "auto": by_gold,
    "contains": contains,
    "exact": exact,
    "json": json_equal,
    "normalized": normalized,
    "numeric": numeric,
}
"""The pure graders by name."""


def as_text(value: Any) -> str:
    """Return a gold answer as text: itself, or its JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _EDGES.sub("", " ".join(folded.split()))


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text[-_LONGEST:])
    return _as_number(found[-1]) if found else None


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is None:
        return None
    try:
        number = float(Decimal(re.sub(r"[,_\s\u00a0\u202f]", "", value).replace("−", "-")))
    except (InvalidOperation, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _parsed_gold(gold: Any) -> Any:
    if isinstance(gold, str) and gold.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(gold)
        except (ValueError, RecursionError):
            return gold
    return gold


def _body(answer: str) -> str:
    """Return the whole answer, or the content of its last code fence; without a regex, which could backtrack."""
    text = answer.strip()
    if not text.endswith("```") and "```" not in text:
        return text
    end = text.rfind("```")
    start = text.rfind("```", 0, end)
    if start < 0:
        return text
    inside = text[start + 3 : end]
    first, newline, rest = inside.partition("\n")
    return (rest if newline and first.strip().isalnum() else inside).strip()


def _field(answer: str) -> Any:
    """Return the `answer` field of a JSON answer; None if absent."""
    if "{" not in answer:
        return None
    try:
        found = strict_json(_body(answer))
    except (ValueError, RecursionError):
        return None
    return _answer_field(found) if isinstance(found, dict) else None


def _answer_field(found: Mapping[str, Any]) -> Any:
    named = [value for key, value in found.items() if key.casefold() == ANSWER_FIELD]
    return named[0] if len(named) == 1 else None


def _same(left: Any, right: Any) -> bool:
    """Compare JSON values: numbers by value, but true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)
