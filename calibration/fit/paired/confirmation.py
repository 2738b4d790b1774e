"""Confirmation: a judge labels every row that a candidate flags, and a person a part of them that was drawn by hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration.arrays import Flags
from calibration.certify.label_walk import wanted_labels
from calibration.certify.paired import PairedTester
from calibration.certify.paired_walk import EverySingle, Tester, walk_pairs
from calibration.certify.person_tester import PersonTester, person_share, pick_rows
from calibration.certify.verification import Candidate
from calibration.fit.paired.fit import LabelBudget, PairedFit, PairedRows
from calibration.fit.paired.labellers import Labellers
from calibration.fit.paired.queue import Queue, wanted_answers
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs, pairs_against, pairs_of_labels
from cascade.errors import DataError


def confirming_queue(
    layout: Layout,
    labellers: Labellers,
    budget: LabelBudget,
    rows: PairedRows,
    fitted: PairedFit,
    tester: Tester,
    candidates: Sequence[Candidate],
    *,
    judge: bool,
) -> Queue | None:
    """Return what the judge, then the person labels, where the person confirms the judge.

    The judge labels every row that a candidate flags, so that which rows it saw depends on no label.
    """
    index = tester.pairs.index
    cells, exact = np.zeros_like(labellers.judge_cannot), np.zeros(len(labellers.judged), dtype=bool)
    # A recording with a person's label is not shown to the judge.
    want, differing = wanted_answers(layout, rows, labellers.judge_cannot | ~np.isnan(labellers.told))
    missing = np.any([tester.unlabelled(one) for one in candidates], axis=0) if candidates else np.zeros(len(index))
    open_rows = np.any(want[index] & differing[index], axis=1) & (missing > 0)
    spent = int((tester.pairs.any_differs & ~np.isnan(tester.pairs.harm).any(axis=1))[tester.drawn].sum())
    judged = index[tester.drawn[open_rows[tester.drawn]][: max(fitted.labels - spent, 0)]]
    if len(judged):
        if not judge:
            message = (
                f"Task {rows.pairs.table.task!r}: the judge has still to label {len(judged)} rows to certify with; "
                "let it go on (`--by judge`), then a person confirms a part of them."
            )
            raise DataError(message)
        cells[judged] = (want & differing)[judged]
        return Queue(parts={"certify": len(judged)}, cells=cells, exact=exact)
    if judge:
        return None
    person = persons_tester(layout, labellers, budget, rows, fitted, tester)
    want = np.isnan(labellers.told) & layout.table.present & ~labellers.person_cannot
    told: Flags = np.all(~want[index] | ~differing[index], axis=1)
    passed = walk_pairs(tester, candidates)
    confirmed = candidates[: 0 if passed.step is None else passed.step + 1]
    wanted = index[wanted_labels(person, confirmed, asked=told, most=len(index))]
    cells[wanted] = (want & differing)[wanted]
    return Queue(parts={"person": len(wanted)}, cells=cells, exact=exact) if cells.any() else None


def persons_tester(
    layout: Layout, labellers: Labellers, budget: LabelBudget, rows: PairedRows, fitted: PairedFit, tester: Tester
) -> Tester:
    """Return the tester by the person's labels, whose share of the flagged rows was fixed before they were seen."""
    by_person = replace(layout, table=layout.table.relabelled(labellers.told))
    share = person_share(budget.person, fitted.flagged or 0.0, fitted.draws)
    pairs = pairs_of_labels(by_person)

    def tests(judged: PairedTester, compared: Pairs, learnt: Pairs) -> PersonTester:
        held = compared.take(compared.split.certify)
        return PersonTester(
            judged=judged, person=replace(judged, pairs=held, learnt=None), learnt=learnt,
            picked=pick_rows(held, share), share=share,
        )  # fmt: skip

    if isinstance(tester, PairedTester):
        return tests(tester, pairs, rows.learnt)
    assert isinstance(tester, EverySingle)  # noqa: S101 - a judge's walk
    found = []
    for k, judged in enumerate(tester.testers):
        against = pairs_against(layout, rows.pairs, k)
        assert isinstance(judged, PairedTester)  # noqa: S101 - a judge's walk
        learnt = against.take(np.isin(against.index, rows.learnt.index))
        found.append(tests(judged, pairs_against(by_person, pairs, k), learnt))
    return EverySingle(testers=tuple(found), names=tester.names)
