"""Paired fit of one task: fitted and certified against the reference on recordings, with labels where answers differ.

A bound on disagreement needs no label. A bound on the loss needs those of rows where answers differ, first to learn
from, then to certify with, and a small audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.certify.each_slice import EachSlice
from calibration.certify.label_walk import all_labels, wanted_labels
from calibration.certify.looks import Looks, level
from calibration.certify.paired import PairedTester
from calibration.certify.paired_certificate import make_certificate
from calibration.certify.paired_walk import EverySingle, Tester, describe_person, walk_pairs
from calibration.certify.verification import Candidate
from calibration.fit.paired.confirmation import confirming_queue, persons_tester
from calibration.fit.paired.fit import (
    LabelBudget,
    PairedFit,
    PairedOptions,
    PairedRows,
    best_of_pairs,
    fit_pairs,
    part_rows,
    require_learnt,
)
from calibration.fit.paired.labellers import Labellers
from calibration.fit.paired.look_print import about_sameness, look_print
from calibration.fit.paired.measured import measure_pairs
from calibration.fit.paired.queue import Queue, first_queue, wanted_answers
from calibration.samples.audit import AUDIT_SHARE, Audit, read_audit
from calibration.samples.checks import Checks, read_checks
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs, pairs_against
from calibration.samples.same_figures import repeat_figures
from calibration.targets.target import Best
from cascade.hashing import fingerprint
from cascade.policy.policy import SALT, TaskPolicy


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

    @property
    def _both(self) -> tuple[Labellers, LabelBudget]:
        """The labels of judge and person apart, and the budget, where a person confirms."""
        assert self._labellers is not None  # noqa: S101 - it confirms
        assert self.options.budget is not None  # noqa: S101 - it confirms
        return self._labellers, self.options.budget

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
        before = first_queue(self.layout, rows, asked, audit=not first)
        if before is not None or first:
            return before
        require_learnt(rows)
        if isinstance(self.options.bound, Best):
            return None
        fitted, tester, _, found = self._walk(rows, None)
        candidates = _testable(fitted, tester, found, None)
        held, audit = tester.pairs, rows.pairs.index[rows.audit]
        if self.confirms:
            labellers, budget = self._both
            return confirming_queue(
                self.layout, labellers, budget, rows, fitted, tester, candidates, judge=judge
            )  # fmt: skip
        want, differing = wanted_answers(self.layout, rows, asked)
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

    def learning(self, asked: Flags) -> PairedRows | None:
        """Return the parts of the rows once all labels to learn from are there; None while some are not.

        Raises:
            DataError: there are too few.
        """
        rows = part_rows(self.layout, self.options)
        if first_queue(self.layout, rows, asked, audit=False) is not None:
            return None
        require_learnt(rows)
        return rows

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
            tester = persons_tester(self.layout, *self._both, rows, fitted, tester)
            found, person = walk_pairs(tester, candidates), describe_person(tester, candidates)
        if checks is None or not checks.missing:
            self._looks.settle(
                tester.pairs.table.task,
                look_print(self.layout, self.options, rows, fitted, checks),
                certified=bool(found.points),
            )
        certificate = make_certificate(
            rows.pairs,
            tester,
            found,
            sameness=self.options.sameness,
            about=about_sameness(self.layout, self.options),
            look=look,
            tasks=self.options.tasks,
            audit=audit,
            checks=checks,
            repeats=repeat_figures(self.layout),
            label_sources=sources,
            person=person,
            flagged=fitted.flagged,
            learnt=int((rows.learnt.any_differs & rows.learnt.known).sum()),
            walked=candidates[: 1 if found.step is None else found.step + 1],
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
            look_print(self.layout, self.options, rows, fitted, checks),
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
        if options.each is not None:
            sliced = self.layout.slices
            here = [sliced[int(i)] for i in rows.held.index]
            known = sorted({sliced[int(i)] for i in rows.pairs.index})
            return fitted, EachSlice.of(found, options.each, here, known), look, audit
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
