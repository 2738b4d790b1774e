"""What annotators said, kept in the recordings as `annotations: {annotator: {dimension: value}}`; `correct` from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cascade.errors import DataError
from cascade.samples.sample import Recording, Sample

FIELD = "annotations"
"""The recordings' own field."""

CORRECT = "correct"
"""The dimension that `correct` is; where nobody was asked for it, `correct` is the least of all dimensions."""

HUMAN = "human"
"""The label source of what people said."""


def annotate(sample: Sample, annotator: str, said: Mapping[str, Mapping[str, float]]) -> Sample:
    """Return the sample with one annotator's values, by rung and dimension, each in [0, 1].

    `correct` becomes the mean over annotators: where two differ, it is a fraction.
    """
    recordings = dict(sample.recordings)
    for rung, values in said.items():
        old = recordings[rung]
        everyone = {**_annotations(old), annotator: dict(values)}
        recordings[rung] = replace(
            old,
            correct=_mean([_overall(each) for each in everyone.values() if each]),
            label_source=HUMAN,
            extra={**old.extra, FIELD: everyone},
        )
    return replace(sample, recordings=recordings)


def annotators(recording: Recording) -> dict[str, dict[str, float]]:
    """Return what each annotator said of a recording, by annotator and dimension."""
    return _annotations(recording)


def label_in(recording: Recording, dimension: str) -> float | None:
    """Return how good an answer is in one dimension, in [0, 1]: the mean over annotators; None where nobody said.

    Where nobody annotated the recording at all, its `correct` is what is known of the dimension `correct`.
    """
    everyone = _annotations(recording).values()
    said = [values[dimension] for values in everyone if dimension in values]
    return recording.correct if dimension == CORRECT and not everyone else _mean(said)


def by_dimension(samples: Iterable[Sample], dimension: str) -> list[Sample]:
    """Return the samples with `correct` as one dimension has it, for a target that constrains this dimension.

    See `label_in`; a recording of which nobody said anything in this dimension is not labelled.

    Raises:
        DataError: no recording has a value in it; the message names the dimensions that there are.
    """
    found: list[Sample] = []
    seen: set[str] = set()
    used = False
    for sample in samples:
        recordings = {}
        for rung, recording in sample.recordings.items():
            everyone = _annotations(recording).values()
            seen.update(name for values in everyone for name in values)
            value = label_in(recording, dimension)
            used = used or value is not None
            source = None if value is None else HUMAN if everyone else recording.label_source
            recordings[rung] = replace(recording, correct=value, label_source=source)
        found.append(replace(sample, recordings=recordings))
    if not used:
        known = ", ".join(sorted(seen)) or "none"
        message = f"No recording has a label in the dimension {dimension!r}; there are: {known}."
        raise DataError(message)
    return found


def _annotations(recording: Recording) -> dict[str, dict[str, float]]:
    """Read the field, which comes from a file: what is not of its form is left out."""
    found = recording.extra.get(FIELD)
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): {str(key): float(value) for key, value in said.items() if _share(value)}
        for name, said in found.items()
        if isinstance(said, Mapping)
    }


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0


def _overall(values: Mapping[str, float]) -> float:
    return values[CORRECT] if CORRECT in values else min(values.values())


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
