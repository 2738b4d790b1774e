"""Layout: turns samples of many tasks into arrays in one pass; each is judged, appended as a row, and freed."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.samples.repeated import Repeated
from calibration.samples.sameness import Sameness, repeat_reference
from calibration.samples.subladders import PartColumns
from calibration.samples.table import Table
from calibration.samples.tag_slices import slice_of
from calibration.stats.labels import uniform_rows
from cascade.exchange import EMPTY
from cascade.labelling.annotation import CORRECT, label_in
from cascade.ladder import Ladder
from cascade.policy.policy import SALT
from cascade.prices import PriceBook
from cascade.samples.sample import Sample

STEP = 256
"""Samples of a task between two calls of `progress`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One task's samples as arrays, with the further columns that certification needs."""

    table: Table
    """The rows."""

    same: Flags | None = None
    """Whether an answer equals the reference's, (n, K); None if not computed. See `sameness`."""

    label_sources: tuple[str, ...] = ()
    """Sources of the labels, sorted."""

    propensity: Floats | None = None
    """Propensity of each row to be chosen for labelling, (n,); None if equal for all."""

    labels: Mapping[str, Floats] = EMPTY
    """Labels by dimension, (n, K) each, NaN where unlabelled; of the dimensions asked for."""

    alike: Flags | None = None
    """Whether an answer is identical to the reference's, (n, K), so alike in every dimension; None if not computed."""

    unsure: Flags | None = None
    """Whether it cannot be told if an answer equals the reference's, (n, K); such answers are not `same`. None if not
    computed."""

    contents: tuple[str, ...] = ()
    """Hash of each request's content (n); empty if not computed."""

    repeats: Floats | None = None
    """Share of the reference's further answers to the same request that are the same as its first, (n,): those in
    `Response.samples`, and that to the first copy of the request. NaN where it was asked once. None if not computed."""

    answer_fields: tuple[str, ...] = ()
    """The answer fields of the requests, JSON pointers, sorted; '' for requests that declare none."""

    slices: tuple[str, ...] = ()
    """The slice of each sample by the tag that was asked for (n); empty without one."""

    checked: Floats | None = None
    """What a person said of each answer, (n, K): 1 the same as the reference's, 0 not; NaN unchecked. None if sameness
    has no checks."""

    def seen_in(self, dimension: str | None) -> Layout:
        """Return the layout with the labels of one dimension; None: as it is."""
        if dimension is None:
            return self
        same = self.same if dimension == CORRECT else self.alike
        return replace(self, table=self.table.relabelled(self.labels[dimension]), same=same)

    def uniform(self, *, loss: bool) -> Flags | None:
        """Return the rows, (n,), that form a uniform sample, as certificates need it; None if all rows do.

        `loss`: whether answers are compared with the reference's, or judged on their own.

        Labels drawn where doubt was greatest over-represent doubtful answers: a hashed choice keeps each with a
        probability that makes up for its propensity. An answer equal to the reference's needs no label, so such rows
        count with propensity 1.
        """
        if self.propensity is None:
            return None
        labelled = ~np.isnan(self.table.correct)
        known: Flags = np.all(labelled[:, :-1], axis=1)
        surely: Flags = np.zeros(len(self.table), dtype=bool)
        if loss and self.same is not None:
            surely = np.all(self.same, axis=1)
            known = np.all(self.same | (labelled & labelled[:, -1:]), axis=1)
        u = self.table.u("", salt=SALT, purpose="uniform-labels")
        return uniform_rows(np.where(surely, 1.0, self.propensity), known, u)


def lay_out_tasks(
    samples: Iterable[Sample],
    ladder: Ladder,
    counts: Mapping[str, int],
    parts: Mapping[str, Sequence[Sequence[str]]],
    *,
    sameness: Sameness | None = None,
    contents: bool = False,
    dimensions: Sequence[str] = (),
    each: str | None = None,
    prices: PriceBook | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Layout]:
    """Lay out the samples of several tasks in one pass; memory holds the arrays only.

    Args:
        samples: the samples of all tasks, in any order.
        ladder: the rungs, with their verifiers looked up.
        counts: how many samples each task has, for `progress`; other tasks are skipped.
        parts: by task, the sub-ladders to be evaluated; see `PartColumns`.
        sameness: compares every answer with the reference's; None: none is compared.
        contents: whether to hash the requests' contents, and to compare the reference's repeated answers.
        dimensions: of the labels, to be laid out beside `correct`.
        each: the tag whose values slice the samples; None: they are not sliced.
        prices: fills in costs that were not recorded.
        progress: called now and then with the task, its samples done and their total.
    """
    growing: dict[str, _Growing] = {}
    for sample in samples:
        task = sample.request.task
        if task not in counts:
            continue
        if task not in growing:
            growing[task] = _Growing(
                task,
                ladder,
                parts.get(task, ()),
                sameness=sameness,
                contents=contents,
                dimensions=dimensions,
                each=each,
                prices=prices,
            )
        done = growing[task].add(sample)
        if progress is not None and (done % STEP == 0 or done == counts[task]):
            progress(task, done, counts[task])
    # In the tasks' own order, each freed as it becomes a table, so that nothing is in memory twice.
    return {task: growing.pop(task).layout() for task in list(growing)}


class _Growing:
    """The layout of one task while its samples come in."""

    def __init__(
        self,
        task: str,
        ladder: Ladder,
        parts: Sequence[Sequence[str]],
        *,
        sameness: Sameness | None,
        contents: bool,
        dimensions: Sequence[str],
        each: str | None,
        prices: PriceBook | None,
    ) -> None:
        self._columns = PartColumns(task, ladder, parts, prices=prices)
        self._rungs = self._columns.ladder.names
        self._sameness = sameness
        self._same, self._unsure = bytearray(), bytearray()
        self._alike = bytearray() if sameness and (dimensions or contents) else None
        self._contents: list[str] | None = [] if contents else None
        self._repeats = array("d")
        self._repeated = Repeated()
        self._checked = array("d") if sameness is not None and sameness.checks is not None else None
        self._fields: set[str] = set()
        self._each, self._slices = each, list[str]()
        self._labels = {dimension: array("d") for dimension in dimensions}
        self._sources: set[str] = set()
        self._propensity = array("d")

    def add(self, sample: Sample) -> int:
        """Append a sample; return the number of samples."""
        self._columns.add(sample)
        self._propensity.append(sample.propensity)
        if self._each is not None:
            self._slices.append(sys.intern(slice_of(sample, self._each)))
        for recording in sample.recordings.values():
            if recording.correct is not None and recording.label_source is not None:
                self._sources.add(recording.label_source)
        if self._sameness is not None:
            told = self._sameness.with_reference(sample, self._rungs)
            self._same.extend(one is True for one in told)
            self._unsure.extend(one is None for one in told)
            if self._checked is not None:
                self._checked.extend(self._sameness.checked(sample, self._rungs))
        if self._alike is not None:
            self._alike.extend(repeat_reference(sample, self._rungs))
        for dimension, column in self._labels.items():
            found = (sample.recordings.get(rung) for rung in self._rungs)
            known = (None if one is None else label_in(one, dimension) for one in found)
            column.extend(math.nan if value is None else value for value in known)
        self._fields.add(sample.request.answer_field or "")
        if self._contents is not None:
            # Of a log without texts, the id is what tells copies: it is a hash of the content, unless one was given.
            self._contents.append(sample.hash_id if sample.textless else sample.request.content)
            self._repeats.append(self._itself(sample, self._contents[-1]))
        return self._columns.n

    def _itself(self, sample: Sample, content: str) -> float:
        """Return the share of the reference's further answers that are the same as its first; NaN if it has none."""
        top = sample.recordings.get(self._rungs[-1])
        if top is None or self._sameness is None:
            return math.nan
        others = self._repeated.others(content, top)
        told = [self._sameness.told(sample, one, top.response) for one in others]
        return sum(one is True for one in told) / len(told) if told else math.nan

    def layout(self) -> Layout:
        """Return the layout; nothing can be added afterwards."""
        shape = (-1, len(self._rungs))
        same, unsure, alike = (
            None if flags is None else np.frombuffer(flags, dtype=np.bool_).reshape(shape)
            for flags in (
                *((self._same, self._unsure) if self._sameness is not None else (None, None)),
                self._alike,
            )
        )
        propensity = np.frombuffer(self._propensity)
        return Layout(
            table=self._columns.table(),
            same=same,
            label_sources=tuple(sorted(self._sources)),
            propensity=propensity if np.ptp(propensity) > 0.0 else None,
            labels={name: np.frombuffer(column).reshape(shape) for name, column in self._labels.items()},
            alike=alike,
            unsure=unsure,
            contents=tuple(self._contents or ()),
            slices=tuple(self._slices),
            answer_fields=tuple(sorted(self._fields)),
            repeats=None if self._contents is None else np.frombuffer(self._repeats),
            checked=None if self._checked is None else np.frombuffer(self._checked).reshape(shape),
        )
