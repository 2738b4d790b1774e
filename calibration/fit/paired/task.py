"""Paired fit of one task: fitted and certified against the reference on recordings, with labels where answers differ.

A bound on disagreement needs no label. A bound on the loss needs those of rows where answers differ, first to learn
from, then to certify with, and a small audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.certify.label_walk import all_labels, wanted_labels
from calibration.certify.looks import Looks, level
from calibration.certify.paired import PairedTester
from calibration.certify.paired_certificate import make_certificate
from calibration.certify.paired_walk import EverySingle, Tester, describe_person, walk_pairs
from calibration.certify.person_tester import PersonTester, person_share, pick_rows
from calibration.certify.verification import Candidate
from calibration.fit.paired.fit import (
    PairedFit,
    PairedOptions,
    PairedRows,
    best_of_pairs,
    fit_pairs,
    part_rows,
    require_learnt,
)
from calibration.fit.paired.labellers import Labellers
from calibration.fit.paired.measured import measure_pairs
from calibration.samples.audit import AUDIT_SHARE, Audit, read_audit
from calibration.samples.checks import Checks, read_checks
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs, pairs_against, pairs_of_labels
from calibration.samples.same_figures import repeat_figures
from calibration.targets.target import Best
from cascade.errors import DataError
from cascade.hashing import fingerprint
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT, TaskPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Answers of one task to be labelled next."""

    parts: Mapping[str, int]
    """How many rows are for which part: `learn`, `audit`, `certify`."""

    cells: Flags
    """Which answers, (n, K) by samples and rungs; those of a row that differ, and the reference's."""

    exact: Flags
    """Rows on which answers of the same value in other words are labelled apart, (n,): those of the audit."""

    @property
    def rows(self) -> int:
        """How many rows have an answer to be labelled."""
        return int(self.cells.any(axis=1).sum())


class PairedTask:
    """One task on its way from recordings to a certificate; labels may come in between."""

    def __init__(self, layout: Layout, options: PairedOptions, looks: Looks) -> None:
        """Take the recordings with the labels so far, how to certify, and the record of looks."""
        self.layout, self.options, self._looks = layout, options, looks
        self._fit: tuple[str, PairedFit] | None = None
        self._labellers: Labellers | None = None

    def label(self, correct: Floats, sources: Sequence[str] = (), *, labellers: Labellers | None = None) -> None:
        """Take new labels, (n, K) by samples and rungs, NaN where there is none; `sources` are those of all labels.

        `labellers`: those of a judge and of persons apart, which are needed where a person is to confirm a judge.
        """
        sources = tuple(sources) or self.layout.label_sources
        self._labellers = labellers
        if labellers is not None and self.confirms:
            held = np.zeros(len(correct), dtype=bool)
            held[part_rows(self.layout, self.options).held.index] = True
            correct = labellers.combined(held)
        self.layout = replace(self.layout, table=self.layout.table.relabelled(correct), label_sources=sources)

    @property
    def confirms(self) -> bool:
        """Whether a person's labels of a part of the flagged rows are to confirm a judge's."""
        budget, labellers = self.options.budget, self._labellers
        return budget is not None and budget.person > 0 and labellers is not None and labellers.any_judged

    def queue(self, asked: Flags, *, whole: bool = False, first: bool = False, judge: bool = False) -> Queue | None:
        """Return what is to be labelled next; None once labels can do no more.

        Rows to learn from and the audit come first, then rows down the walk. Before it returns the first of these it
        records a look.

        Args:
            asked: answers that nobody could tell, (n, K).
            whole: whether all rows that the walk may want are returned at once, not the fewest that its next step does.
            first: whether only rows to learn from are returned.
            judge: whether a judge labels, and not a person.

        Raises:
            DataError: too few samples have recordings of the reference and of rungs below it; a person is to confirm a
                judge that has not labelled all of its rows yet.
        """
        rows, labellers = part_rows(self.layout, self.options), self._labellers
        if labellers is not None and self.confirms:
            # What the judge could not tell is not asked again, so that what was learnt stays as it is.
            asked = asked | labellers.judge_cannot | labellers.person_cannot | ~np.isnan(labellers.told)
        before = self._first(rows, asked, audit=not first)
        if before is not None or first:
            return before
        require_learnt(rows)
        if isinstance(self.options.bound, Best):
            return None
        fitted, tester, _, found = self._walk(rows, None)
        candidates = _testable(fitted, tester, found, None)
        held, audit = tester.pairs, rows.pairs.index[rows.audit]
        if self.confirms:
            return self._confirm(rows, fitted, tester, candidates, judge=judge)
        want, differing = self._wanted(rows, asked)
        told: Flags = np.all(~want[held.index] | ~differing[held.index], axis=1)
        free = np.isin(held.index, audit)
        spent = int((held.any_differs & told & ~free)[tester.drawn].sum())
        choose = all_labels if whole else wanted_labels
        wanted = choose(
            tester, candidates, asked=told, most=max(fitted.labels - spent, 0)
        )  # fmt: skip
        certify = held.index[wanted]
        cells, exact = np.zeros_like(want), np.zeros(len(want), dtype=bool)
        exact[audit] = True
        cells[certify] = (want & differing)[certify]
        return Queue(parts={"certify": len(certify)}, cells=cells, exact=exact) if cells.any() else None

    def _confirm(
        self, rows: PairedRows, fitted: PairedFit, tester: Tester, candidates: Sequence[Candidate], *, judge: bool
    ) -> Queue | None:
        """Return what the judge, then the person labels, where the person confirms the judge.

        The judge labels every row that a candidate flags, so that which rows it saw depends on no label.
        """
        labellers, index = self._labellers, tester.pairs.index
        assert labellers is not None  # noqa: S101 - it confirms
        cells, exact = np.zeros_like(labellers.judge_cannot), np.zeros(len(labellers.judged), dtype=bool)
        # A recording with a person's label is not shown to the judge.
        want, differing = self._wanted(rows, labellers.judge_cannot | ~np.isnan(labellers.told))
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
        person = self._persons(rows, fitted, tester)
        want = np.isnan(labellers.told) & self.layout.table.present & ~labellers.person_cannot
        told: Flags = np.all(~want[index] | ~differing[index], axis=1)
        passed = walk_pairs(tester, candidates)
        confirmed = candidates[: 0 if passed.step is None else passed.step + 1]
        wanted = index[wanted_labels(person, confirmed, asked=told, most=len(index))]
        cells[wanted] = (want & differing)[wanted]
        return Queue(parts={"person": len(wanted)}, cells=cells, exact=exact) if cells.any() else None

    def _persons(self, rows: PairedRows, fitted: PairedFit, tester: Tester) -> Tester:
        """Return the tester by the person's labels, whose share of the flagged rows was fixed before they were seen."""
        labellers, budget = self._labellers, self.options.budget
        assert labellers is not None  # noqa: S101 - it confirms
        assert budget is not None  # noqa: S101 - it confirms
        layout = replace(self.layout, table=self.layout.table.relabelled(labellers.told))
        share = person_share(budget.person, fitted.flagged or 0.0, fitted.draws)
        pairs = pairs_of_labels(layout)

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
            against = pairs_against(self.layout, rows.pairs, k)
            assert isinstance(judged, PairedTester)  # noqa: S101 - a judge's walk
            learnt = against.take(np.isin(against.index, rows.learnt.index))
            found.append(tests(judged, pairs_against(layout, pairs, k), learnt))
        return EverySingle(testers=tuple(found), names=tester.names)

    def learning(self, asked: Flags) -> PairedRows | None:
        """Return the parts of the rows once all labels to learn from are there; None while some are not.

        Raises:
            DataError: there are too few.
        """
        rows = part_rows(self.layout, self.options)
        if self._first(rows, asked, audit=False) is not None:
            return None
        require_learnt(rows)
        return rows

    def _wanted(self, rows: PairedRows, asked: Flags) -> tuple[Flags, Flags]:
        """Return the answers without a label that can get one, and those that differ, the reference's too, (n, K)."""
        table, pairs = self.layout.table, rows.pairs
        want = np.isnan(table.correct) & table.present & ~asked
        differing = np.zeros_like(want)
        differing[pairs.index] = pairs.differs
        differing[:, -1] = True
        return want, differing

    def _first(self, rows: PairedRows, asked: Flags, *, audit: bool = True) -> Queue | None:
        """Return what is labelled before the walk: rows to learn from and the audit; None if all of it is."""
        want, differing = self._wanted(rows, asked)
        cells, exact = np.zeros_like(want), np.zeros(len(want), dtype=bool)
        learn = rows.pairs.index[rows.open_learn()]
        cells[learn] = (want & differing)[learn]
        n_learn = int(cells.any(axis=1).sum())
        if audit:
            drawn = rows.pairs.index[rows.audit]
            cells[drawn] |= want[drawn]
            exact[drawn] = True
        n = int(cells.any(axis=1).sum())
        return Queue(parts={"learn": n_learn, "audit": n - n_learn}, cells=cells, exact=exact) if n else None

    def certify(self) -> TaskPolicy:
        """Return the task's policy: what the labels certify, else the reference alone.

        Raises:
            DataError: too few samples have recordings of the reference and of rungs below it.
        """
        rows = part_rows(self.layout, self.options)
        require_learnt(rows)
        if isinstance(self.options.bound, Best):
            path, points = best_of_pairs(rows, self.options)
            return measure_pairs(self.layout, rows, self.options, None, points, path)
        checks = self._checks(rows)
        fitted, tester, look, audit = self._walk(rows, checks)
        candidates = _testable(fitted, tester, audit, checks)
        found, sources, person = walk_pairs(tester, candidates), self.layout.label_sources, None
        if self.confirms and found.step is not None:
            candidates = candidates[: found.step + 1]
            tester = self._persons(rows, fitted, tester)
            found, person = walk_pairs(tester, candidates), describe_person(tester, candidates)
        if checks is None or not checks.missing:
            self._looks.settle(tester.pairs.table.task, self._print(rows, fitted, checks), certified=bool(found.points))
        certificate = make_certificate(
            rows.pairs,
            tester,
            found,
            sameness=self.options.sameness,
            about=self._about,
            look=look,
            tasks=self.options.tasks,
            audit=audit,
            checks=checks,
            repeats=repeat_figures(self.layout),
            label_sources=sources,
            person=person,
            flagged=fitted.flagged,
            learnt=int((rows.learnt.any_differs & rows.learnt.known).sum()),
        )
        return measure_pairs(self.layout, rows, self.options, certificate, found.points, fitted.path)

    def _checks(self, rows: PairedRows) -> Checks | None:
        """Return what a person's checks of the judge found, and ask for those that are missing; None if it is none."""
        checks = self.options.sameness.checks
        if checks is None or self.options.budget is not None:
            return None
        found, ids = read_checks(self.layout, rows.pairs, checks.wanted)
        checks.ask(rows.pairs.table.task, ids)
        return found

    def _walk(self, rows: PairedRows, checks: Checks | None) -> tuple[PairedFit, Tester, int, Audit | None]:
        """Return what is fixed before the walk, its tester, which look it is, and what the audit found so far.

        Where checks are missing nothing is tested, so that no look is spent.
        """
        options, fitted = self.options, self._fitted(rows)
        bound = options.bound
        assert not isinstance(bound, Best)  # noqa: S101 - an aim takes no walk
        look = self._looks.count(
            rows.held.table.task,
            sorted({key[-16:] for key in rows.held.split.keys}),
            self._print(rows, fitted, checks),
            bound.to_json(),
            record=checks is None or not checks.missing,
        )
        audit = None if options.budget is None else read_audit(self.layout, rows.pairs.index[rows.audit])
        delta, eps = level(bound.delta / options.tasks, look), bound.value
        if options.budget is not None and options.budget.audit_bound and audit is not None:
            eps -= audit.upper(AUDIT_SHARE * delta)
            delta *= 1.0 - AUDIT_SHARE
        if checks is not None:
            # Both bounds hold at δ/2 each; a p-value at the rest of the bound is their sum, since it falls with it.
            delta *= 0.5
            eps -= checks.upper(delta)
        every = np.ones(len(rows.held.table), dtype=bool)
        drawn = rows.held.split.draw(every, rows.held.table.ids)[: fitted.draws]

        def tests(held: Pairs, learnt: Pairs) -> PairedTester:
            return PairedTester(pairs=held, bound=bound, eps=eps, delta=delta, salt=SALT, drawn=drawn,
                                learnt=learnt if fitted.graded else None)  # fmt: skip

        found = tests(rows.held, rows.learnt)
        if not options.every:
            return fitted, found, look, audit
        others = []
        for k in range(len(rows.pairs.table.rungs) - 1):
            against = pairs_against(self.layout, rows.pairs, k)
            learnt = against.take(np.isin(against.index, rows.learnt.index))
            others.append(tests(against.take(against.split.certify), learnt))
        return fitted, EverySingle(testers=(*others, found), names=rows.pairs.table.rungs), look, audit

    def _fitted(self, rows: PairedRows) -> PairedFit:
        """Return the fit, made anew only where what was learnt from has changed."""
        learnt = rows.learnt
        key = fingerprint([learnt.index.tolist(), [None if np.isnan(v) else v for v in learnt.harm.ravel().tolist()],
                           [None if np.isnan(v) else v for v in learnt.gain.ravel().tolist()]])  # fmt: skip
        if self._fit is None or self._fit[0] != key:
            self._fit = (key, fit_pairs(rows, self.options))
        return self._fit[1]

    @property
    def _about(self) -> dict[str, Any]:
        sameness = self.options.sameness
        return {"by": sameness.name, "version": sameness.version, "answer_fields": list(self.layout.answer_fields)}

    def _print(self, rows: PairedRows, fitted: PairedFit, checks: Checks | None) -> str:
        """Return the fingerprint of what is certified: candidates, draws, bound, sameness and rows."""
        options, budget = self.options, self.options.budget
        return fingerprint(
            {
                "candidates": [list(map(_point, points)) for points in fitted.candidates],
                "bound": options.bound.to_json(),
                "sameness": self._about,
                "abstains": options.abstains,
                "tasks": options.tasks,
                **({"against": "every"} if options.every else {}),
                "rows": sorted(rows.held.table.ids),
                **({} if budget is None else {"draws": fitted.draws, "audit_bound": budget.audit_bound}),
                **({"person": budget.person} if budget is not None and budget.person else {}),
                **({} if checks is None else {"checks": checks.to_json()}),
            }
        )


def certify_pairs(layout: Layout, options: PairedOptions, looks: Looks) -> TaskPolicy:
    """Fit a task's policy, and certify how often it answers otherwise than the reference, or what that loses.

    `layout` holds sameness and contents; `looks` counts this one. Figures are measured on the certifying rows, which
    nothing was fitted on, and those of labels on the audit.

    Raises:
        DataError: too few samples have recordings of the reference and of rungs below it.
    """
    return PairedTask(layout, options, looks).certify()


def _testable(fitted: PairedFit, tester: Tester, audit: Audit | None, checks: Checks | None) -> tuple[Candidate, ...]:
    """Return the candidates of a walk; none where the audit or the checks leave nothing to be tested."""
    unfit = (audit is not None and audit.refuses) or (checks is not None and checks.missing > 0)
    return () if unfit or tester.eps <= 0.0 else fitted.candidates


def _point(point: OperatingPoint) -> list[Any]:
    return [
        point.weight,
        list(point.rungs),
        [[one.t, one.g] for one in point.thresholds],
        {name: combiner.to_json() for name, combiner in point.combiners.items()},
    ]
