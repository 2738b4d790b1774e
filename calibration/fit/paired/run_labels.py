"""Labels of a run: those that stand in its samples, and which distinct answers of a sample are shown for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.fit.paired.labellers import Labellers
from calibration.samples.sameness import Sameness, repeats
from cascade.labelling.annotation import annotators, is_judge, judged, told
from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One sample with answers to be labelled next."""

    sample: Sample
    """The sample."""

    answers: tuple[tuple[str, ...], ...]
    """The rungs of each distinct answer; a label is that of all of them."""


def read_labels(samples: Sequence[Sample], rungs: Sequence[str]) -> tuple[Floats, Flags]:
    """Return the labels of the samples, and the answers that somebody was shown and could not tell, (n, K) each."""
    shape = (len(samples), len(rungs))
    correct, cannot = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    for row, sample in enumerate(samples):
        for k, rung in enumerate(rungs):
            found = sample.recordings.get(rung)
            if found is not None and found.correct is not None:
                correct[row, k] = found.correct
            elif found is not None:
                cannot[row, k] = bool(annotators(found))
    return correct, cannot


def read_labellers(samples: Sequence[Sample], rungs: Sequence[str]) -> Labellers:
    """Return the labels of a judge and of persons apart."""
    shape = (len(samples), len(rungs))
    by_judge, by_person = np.full(shape, np.nan), np.full(shape, np.nan)
    judge_cannot, person_cannot = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for row, sample in enumerate(samples):
        for k, rung in enumerate(rungs):
            found = sample.recordings.get(rung)
            if found is None:
                continue
            said, own = judged(found), told(found)
            by_judge[row, k] = next(iter(said.values()), np.nan)
            by_person[row, k] = np.nan if own is None else own
            shown = annotators(found)
            judge_cannot[row, k] = not said and any(map(is_judge, shown))
            person_cannot[row, k] = own is None and any(not is_judge(one) for one in shown)
    return Labellers(judged=by_judge, judge_cannot=judge_cannot, told=by_person, person_cannot=person_cannot)


def label_sources(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return the sources of all labels, sorted."""
    found: set[str] = set()
    for sample in samples:
        for recording in sample.recordings.values():
            found.update(judged(recording))
            if recording.correct is not None and recording.label_source is not None:
                found.add(recording.label_source)
    return tuple(sorted(found))


def distinct_answers(
    sample: Sample, rungs: Sequence[str], sameness: Sameness, *, exact: bool
) -> tuple[tuple[str, ...], ...]:
    """Return the rungs of each distinct answer: equal to the letter, or of the same value unless `exact`."""
    groups: list[list[str]] = []
    for rung in rungs:
        own = sample.recordings[rung].response
        for group in groups:
            other = sample.recordings[group[0]].response
            alike = repeats(own, other)
            if alike or (not exact and not sample.textless and sameness.told(sample, own, other) is True):
                group.append(rung)
                break
        else:
            groups.append([rung])
    return tuple(map(tuple, groups))
