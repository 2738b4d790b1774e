"""Grading: labels recorded answers by comparison with the gold answer; fills `correct` before a policy is fitted.

A grader is a pure function of the answer's text and the gold answer that returns a figure in [0, 1], or None where the
answer does not say plainly enough what it arrives at: such a recording gets no label, and is counted. What an answer
says is read by `cascade.reading`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

from cascade.answer_schema import field_text
from cascade.errors import DataError
from cascade.reading import NOTHING, Answer, NotJson, Number, Text, Unsure, holds, read, same
from cascade.reading.amounts import numbers_of
from cascade.reading.answer import answer_of_json
from cascade.reading.literals import canonical
from cascade.reading.phrase import of_json
from cascade.reading.plain import normal, plain
from cascade.reading.values import Boolean, Choice, Date, Sequence
from cascade.reading.words import FALSE, TRUE
from cascade.samples.sample import Recording, Sample

Grader: TypeAlias = Callable[[str, Any], float | None]
"""(answer, gold) → how right it is, in [0, 1]; None if it cannot tell."""

_TOLERANCE = Fraction(1, 10**9)
"""Relative tolerance of numbers: golds are often rounded binary floats."""


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

    unsure: int = 0
    """Recordings that were not graded, since the grader could not tell; they have no label."""

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
        grader: takes answer and gold, returns correctness in [0, 1]; None where it cannot tell.
        overwrite: grade labelled recordings too.
        source: the value of `label_source`.
        needs_gold: skip samples without a gold answer.

    Raises:
        DataError: the grader failed or returned neither a number in [0, 1] nor None; names the sample.
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
                recording = replace(recording, correct=value, label_source=None if value is None else source)
                count["unsure" if value is None else "filled"] += 1
            recordings[rung] = recording
        done.append(replace(sample, recordings=recordings))
    return Graded(
        samples=tuple(done),
        filled=count["filled"],
        kept=count["kept"],
        without_gold=count["without_gold"],
        unsure=count["unsure"],
    )


def _checked(grader: Grader, answer: str, sample: Sample) -> float | None:
    if grader in GRADERS.values():
        answer = field_text(answer, sample.request.answer_field)
    try:
        value: Any = grader(answer, sample.gold)
    except Exception as error:
        message = f"Sample {sample.request.id!r}: the grader failed: {type(error).__name__}: {error}."
        raise DataError(message) from error
    if value is None:
        return None
    if not isinstance(value, bool | int | float) or not 0.0 <= value <= 1.0:
        message = (
            f"Sample {sample.request.id!r}: the grader returned {value!r:.60}; a number in [0, 1], or None where it "
            "cannot tell, was expected."
        )
        raise DataError(message)
    return float(value)


def exact(answer: str, gold: Any) -> float:
    """Return 1 where what the answer says, thinking left out, is the gold text, blanks at the ends aside."""
    return float(read(answer).said.strip() == as_text(gold).strip())


def normalized(answer: str, gold: Any) -> float:
    """Return 1 where answer and gold agree in normal form: NFKC, case, blanks, quotes, punctuation at the ends."""
    found, wanted = read(answer).normal, normal(as_text(gold))
    return float(found == wanted if found or wanted else exact(answer, gold))


def contains(answer: str, gold: Any) -> float:
    """Return 1 where the answer in normal form contains the gold as whole words; never for an empty gold.

    In scripts without blanks, any characters in a row are words.
    """
    return float(holds(read(answer).normal, normal(as_text(gold))))


def numeric(answer: str, gold: Any) -> float | None:
    """Return 1 where the number that the answer arrives at equals the gold's; None if it ends in several.

    Figures are compared, where one of the two has no unit; else quantities, so that 5 km is 5,000 m. 20 % is 20 and .2.
    The relative tolerance is 1e-9. 0 where the answer holds no number.
    """
    found, wanted = read(answer).number, _gold_number(gold)
    if wanted is None:
        return 0.0
    if isinstance(found, Unsure):
        return _possibly(answer, wanted)
    return _figures(found, wanted)


def json_equal(answer: str, gold: Any) -> float | None:
    """Return 1 where the answer's JSON equals the gold answer: numbers by value, keys in any order, strings in NFC.

    The JSON is found as the schema verifier finds it: fences, prose around it and the like are tolerated. A gold text
    is parsed if it is a JSON object or list. Where the gold is neither, the answer field of the object is compared.
    """
    wanted = _parsed_gold(gold)
    try:
        found = read(answer).json.value
    except NotJson:
        return 0.0
    if isinstance(wanted, dict | list):
        return float(canonical(found) == canonical(wanted))
    return _graded(answer, answer_of_json(found), wanted)


def by_gold(answer: str, gold: Any) -> float | None:
    """Grade by the type of the gold answer: an object or list as JSON, else the final answers as typed values.

    None where the answer names no final one plainly, as several numbers do.
    """
    wanted = _parsed_gold(gold)
    if isinstance(wanted, dict | list):
        return json_equal(answer, wanted)
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return numeric(answer, wanted)
    return 1.0 if normalized(answer, wanted) else _graded(answer, read(answer).answer, wanted)


def _graded(answer: str, found: Answer, gold: Any) -> float | None:
    """Compare a final answer with a gold that is text, a number, a truth value or null.

    What is in doubt has no label only where the answer holds the gold somewhere; else it is wrong.
    """
    wanted = read(gold).answer if isinstance(gold, str) else of_json(gold)
    if found == NOTHING:
        return 0.0
    if isinstance(wanted, Number) and isinstance(found, Number):
        return _figures(found, wanted)
    if isinstance(wanted, Text) and wanted.is_long and isinstance(found, Text):
        return float(found.normal == wanted.normal)
    alike = same(found, wanted)
    return _possibly(answer, wanted) if alike is None else float(alike)


def _possibly(answer: str, wanted: Answer) -> float | None:
    """Return None where the answer holds what is wanted, without saying that this is its final answer; else 0."""
    said = read(answer).said
    match wanted:
        case Number():
            there = any(_figures(number, wanted) != 0.0 for number in numbers_of(plain(said)))
        case Choice():
            there = re.search(rf"(?<!\w){re.escape(wanted.label)}(?!\w)", said) is not None
        case Text():
            there = holds(read(answer).normal, wanted.normal)
        case Date():
            there = any(str(year) in plain(said) for year, _, _ in wanted.readings)
        case Boolean():
            told = TRUE if wanted.value else FALSE
            there = any(holds(read(answer).normal, word) for word in told)
        case Sequence():
            there = all(holds(read(answer).normal, item.normal) for item in wanted.items if isinstance(item, Text))
        case _:
            there = False
    return None if there else 0.0


def _gold_number(gold: Any) -> Number | None:
    found = read(gold).number if isinstance(gold, str) else of_json(gold)
    return found if isinstance(found, Number) else None


def _figures(found: Number, wanted: Number) -> float | None:
    """Compare numbers within the tolerance. That the gold is known decides what two answers alone leave in doubt."""
    if found.unit is not None and wanted.unit is not None and found.unit.dimension == wanted.unit.dimension:
        return float(_close(found.scaled, wanted.scaled))
    alike = same(found, wanted)
    if alike is None and (found.alternative is not None) and found.alternative == wanted.value:
        return None
    if _close(found.value, wanted.value):
        return 0.0 if alike is False and found.value == wanted.value else 1.0
    shares = [one for one in (found, wanted) if one.unit is not None and one.unit.is_percent]
    if len(shares) == 1:
        return float(_close(shares[0].share, (wanted if shares[0] is found else found).value))
    return 0.0


def _close(left: Fraction, right: Fraction) -> bool:
    return abs(left - right) <= _TOLERANCE * max(abs(left), abs(right))


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


def _parsed_gold(gold: Any) -> Any:
    if isinstance(gold, str) and gold.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(gold)
        except (ValueError, RecursionError):
            return gold
    return gold
