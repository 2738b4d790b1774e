"""Annotations: human labels in recordings, `annotations: {annotator: {dimension: value}}`, and `correct` from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cascade.errors import DataError
from cascade.samples.sample import Recording, Sample

FIELD = "annotations"
"""Field of a recording."""

JUDGED = "judged"
"""Field of a recording whose label is a person's: `{source: label}` of the judge that labelled it before."""

CORRECT = "correct"
"""The dimension of `correct`; if it was not labelled, `correct` is the minimum of all dimensions."""

HUMAN = "human"
"""Label source of human labels."""


def annotate(sample: Sample, annotator: str, said: Mapping[str, Mapping[str, float]]) -> Sample:
    """Add one annotator's labels to the sample, by rung and dimension, each in [0, 1].

    `correct` becomes the mean over annotators: a fraction if they disagree.
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
    """Return the annotations of a recording, by annotator and dimension."""
    return _annotations(recording)


def is_judge(source: str | None) -> bool:
    """Return whether labels of this source are a judge's."""
    return source is not None and source.startswith("judge")


def judged(recording: Recording) -> dict[str, float]:
    """Return the judge's label of a recording by its source, which a person's does not replace; empty without one."""
    if is_judge(recording.label_source) and recording.correct is not None:
        return {str(recording.label_source): recording.correct}
    found = recording.extra.get(JUDGED)
    return (
        {str(name): float(value) for name, value in found.items() if _share(value)}
        if isinstance(found, Mapping)
        else {}
    )


def told(recording: Recording) -> float | None:
    """Return the label of a recording that is not a judge's; None without one."""
    return None if is_judge(recording.label_source) else recording.correct


def label_in(recording: Recording, dimension: str) -> float | None:
    """Return the label in one dimension, in [0, 1]: the mean over annotators; None if absent.

    Without any annotation, the recording's `correct` is the label of the dimension `correct`.
    """
    everyone = _annotations(recording).values()
    said = [values[dimension] for values in everyone if dimension in values]
    return recording.correct if dimension == CORRECT and not everyone else _mean(said)


def by_dimension(samples: Iterable[Sample], dimension: str) -> list[Sample]:
    """Return the samples with `correct` set to one dimension, for a target that constrains this dimension.

    See `label_in`; a recording without a label in this dimension is unlabelled.

    Raises:
        DataError: no recording has a label in it; the message lists the existing dimensions.
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
        message = f"No recording has a label in the dimension {dimension!r}; one of these was expected: {known}."
        raise DataError(message)
    return found


def _annotations(recording: Recording) -> dict[str, dict[str, float]]:
    """Parse the field of a file; malformed entries are ignored."""
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
