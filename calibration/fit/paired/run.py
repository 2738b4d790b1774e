"""Paired run: a loss certified task by task while labels come in; says what to label next, and makes the policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.certify.looks import Looks
from calibration.fit.latency_limit import limit_latency
from calibration.fit.make_policy import make_policy, print_samples
from calibration.fit.paired.best_single import Chosen, choose_single, up_to
from calibration.fit.paired.bill import Bill, bill_of
from calibration.fit.paired.fit import LabelBudget, PairedOptions, part_rows
from calibration.fit.paired.run_labels import Asked, distinct_answers, label_sources, read_labellers, read_labels
from calibration.fit.paired.task import PairedTask
from calibration.samples.added_latency import limited
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.learned import apply_scorers
from calibration.samples.recorded import recorded_ladder
from calibration.samples.same_figures import describe_sameness, repeat_figures, same_shares
from calibration.samples.sameness import Sameness
from calibration.samples.subladders import list_parts
from calibration.samples.survey import survey
from calibration.targets.bound import MaxLoss
from calibration.targets.target import Best
from cascade.errors import DataError
from cascade.exchange import EMPTY
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.samples.sample import Sample

BEST = "best"
"""Instead of a rung's name: the best single model, by the labels to learn from."""

EVERY = "every"
"""Instead of a rung's name: every single model is compared with."""


class PairedRun:
    """The tasks of one certification on pairs."""

    def __init__(
        self,
        samples: Sequence[Sample],
        ladder: Ladder | Sequence[str],
        bound: MaxLoss | Best,
        budget: LabelBudget,
        *,
        verifiers: Sequence[Any] | None = None,
        tasks: Sequence[str] | None = None,
        reference: str | None = None,
        sameness: Sameness | None = None,
        looks: Looks | None = None,
        abstaining: Collection[str] = (),
        prices: PriceBook | None = None,
        max_added_p95_s: float | None = None,
        each: str | None = None,
        seed: int = 0,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        """Lay out recorded samples.

        Args:
            samples: requests with recordings of the ladder's rungs, and the labels that there are.
            ladder: the ladder that will serve, or names of recorded rungs, cheapest first; rungs may be left out.
            bound: the loss to certify, or the aim at the best accuracy.
            budget: the labels of each task.
            verifiers: with names only, the verifiers to use; None: all that are free, or recorded at no cost.
            tasks: only these; None: all.
            reference: the single model that is compared with, of rungs that are asked no dearer one; None: the last.
                `BEST`: the best one by the labels to learn from, of each task; `EVERY`: every single model.
            sameness: whose sameness it is; None: that of the reader of answers.
            looks: the record of earlier certifications on pairs of these samples.
            abstaining: tasks that give no answer where the last rung's was vetoed.
            prices: fills in costs that were not recorded.
            max_added_p95_s: greatest latency added against the reference at the 95 % quantile of the samples, in
                seconds; an estimate, not certified. None: any.
            each: the tag of whose values each has to keep the bound; None: the requests as a whole do.
            seed: of the folds.
            progress: called now and then with the task, the samples judged and their total.

        Raises:
            DataError: a task has no samples, or too few recordings to compare.
            ConfigError: the reference is no rung of the ladder, or its first.
        """
        self._samples = list(samples)
        seen = survey(self._samples)
        absent = sorted(set(tasks or ()) - set(seen.counts))
        if absent or not seen.counts:
            message = f"No sample belongs to task {(absent or ['?'])[0]!r}; the samples have {', '.join(seen.counts)}."
            raise DataError(message)
        seen = seen if tasks is None else seen.of(tasks)
        self._named = not isinstance(ladder, Ladder)
        self._ladder = resolve(ladder) if isinstance(ladder, Ladder) else recorded_ladder(seen, ladder, verifiers)
        named = reference is not None and (reference in self._ladder.names or reference not in (BEST, EVERY))
        compared = up_to(self._ladder, str(reference), list(seen.counts)) if named else self._ladder
        self._sameness, self._seed = sameness or Sameness(), seed
        self._open = {} if named or reference != BEST else dict.fromkeys(seen.counts, True)
        self._filled: dict[str, tuple[Layout, Flags]] = {}
        self.chosen: dict[str, Chosen] = {}
        """Of tasks whose reference is chosen by labels: what was chosen, as soon as it is."""
        self._prompts = seen.prompts
        self._places: dict[str, list[int]] = {name: [] for name in seen.counts}
        for place, sample in enumerate(self._samples):
            if sample.request.task in self._places:
                self._places[sample.request.task].append(place)
        self._prices, self._max_added_p95_s, self._each = prices, max_added_p95_s, each
        layouts = self._lay_out(compared, seen.counts, progress=progress)
        record = Looks() if looks is None else looks
        self.tasks: dict[str, PairedTask] = {
            name: PairedTask(
                layout,
                PairedOptions(
                    bound=bound,
                    sameness=self._sameness,
                    budget=budget,
                    tasks=len(layouts),
                    seed=seed,
                    choose_rungs=True,
                    every=reference == EVERY and not named,
                    each=each,
                    abstains=name in abstaining,
                ),
                record,
            )
            for name, layout in layouts.items()
        }
        """The tasks by name."""
        self._record = record
        self._relabel()
        self._choose()

    def _lay_out(
        self, ladder: Ladder, counts: Mapping[str, int], *, progress: Callable[[str, int, int], None] | None = None
    ) -> dict[str, Layout]:
        parts = {name: list_parts(ladder.of(name).names) for name in counts}
        seen = apply_scorers(self._samples, ladder, counts, EMPTY)  # labels come later, where answers differ
        found = lay_out_tasks(seen, ladder, counts, parts, sameness=self._sameness, contents=True,
                              each=self._each, prices=self._prices, progress=progress)  # fmt: skip
        most = self._max_added_p95_s
        return {name: replace(one, table=limited(one.table, most)) for name, one in found.items()}

    def _choose(self) -> None:
        """Choose the reference of each task that wants one and has all its labels to learn from."""
        for name in list(self._open):
            task = self.tasks[name]
            rows = task.learning(self._labels(name)[1])
            if rows is None:
                continue
            del self._open[name]
            self.chosen[name] = chosen = choose_single(rows)
            learn = np.zeros(len(task.layout.table), dtype=bool)
            learn[rows.pairs.index[rows.order]] = True
            learn[rows.pairs.index[rows.audit]] = False  # the audit looks for other labels of the same value
            self._filled[name] = (task.layout, learn)
            ladder = up_to(self._ladder, chosen.single, [name])
            layout = self._lay_out(ladder, {name: len(self._places[name])})[name]
            self.tasks[name] = PairedTask(layout, task.options, self._record)
            self._relabel()

    @property
    def samples(self) -> list[Sample]:
        """The samples with the labels so far, as they were given."""
        return list(self._samples)

    def bills(self) -> dict[str, Bill]:
        """Return what each task's promise takes, from recordings alone."""
        found = {}
        for name, task in self.tasks.items():
            assert task.options.budget is not None  # noqa: S101 - given above
            aims = isinstance(task.options.bound, Best)
            found[name] = bill_of(part_rows(task.layout, task.options), task.options.budget, aims=aims)
        return found

    def sentences(self) -> list[str]:
        """Return how many answers are the same, and the bills, in sentences."""
        said = []
        for name, bill in self.bills().items():
            layout = self.tasks[name].layout
            reference = layout.table.rungs[-1]
            said += describe_sameness(name, reference, same_shares(layout), repeat_figures(layout))
            said += bill.describe(name, reference)
        return said + self.choices()

    def choices(self) -> list[str]:
        """Return which reference was chosen by labels, a sentence for each task."""
        return [one.describe(name, self._ladder.of(name).names[-1]) for name, one in self.chosen.items()]

    def queue(self, *, whole: bool = False, judge: bool = False) -> tuple[dict[str, dict[str, int]], list[Asked]]:
        """Return what is to be labelled next, rows by task and part, and samples; nothing once labels do no more.

        `whole`: whether all rows that a walk may want are asked for at once, not only those of its next step. `judge`:
        whether a judge labels; what a person has to confirm is not asked of it.
        """
        self._choose()
        parts: dict[str, dict[str, int]] = {}
        found: list[Asked] = []
        for name, task in self.tasks.items():
            _, cannot = self._labels(name)
            queue = task.queue(cannot, whole=whole, first=name in self._open, judge=judge)
            if queue is None:
                continue
            parts[name] = {part: n for part, n in queue.parts.items() if n}
            rungs = task.layout.table.rungs
            for row in np.flatnonzero(queue.cells.any(axis=1)).tolist():
                sample = self._samples[self._places[name][row]]
                wanted = [rungs[k] for k in np.flatnonzero(queue.cells[row])]
                found.append(
                    Asked(
                        sample=sample,
                        answers=distinct_answers(sample, wanted, self._sameness, exact=bool(queue.exact[row])),
                    )
                )
        return parts, found

    def label(self, samples: Mapping[tuple[str, str], Sample]) -> None:
        """Take samples with new labels, by task and id."""
        self._samples = [samples.get(sample.key, sample) for sample in self._samples]
        self._relabel()
        self._choose()

    def _relabel(self) -> None:
        for name, task in self.tasks.items():
            assert task.options.budget is not None  # noqa: S101 - given above
            apart = read_labellers(self._of(name), task.layout.table.rungs) if task.options.budget.person else None
            task.label(self._labels(name)[0], label_sources(self._of(name)), labellers=apart)

    def counts(self) -> dict[str, int]:
        """Return how many rows of each task have a label of some answer."""
        return {name: int((~np.isnan(self._labels(name)[0])).any(axis=1).sum()) for name in self.tasks}

    def policy(self, *, sample_key: bytes | None = None) -> Policy:
        """Return the policy that the labels so far certify.

        Args:
            sample_key: under which the policy keeps fingerprints of its samples, for the gate; None: it keeps none.

        Raises:
            DataError: there are no labels to learn from.
        """
        if self._open:
            message = (
                f"Task {next(iter(self._open))!r}: the best single model is not known before all rows to learn from "
                "have labels. Label them (`cascade certify`), or name the reference."
            )
            raise DataError(message)
        tables = {name: task.layout.table for name, task in self.tasks.items()}
        prints = {} if sample_key is None else print_samples(tables, sample_key, len(tables))
        done = {
            name: replace(task.certify(), fitted_on=prints.get(name), prompts=self._prompts.get(name, ()))
            for name, task in self.tasks.items()
        }
        policy = make_policy(self._ladder, done, named=self._named, seed=self._seed)
        return policy if self._max_added_p95_s is None else limit_latency(policy, self._max_added_p95_s)

    def _of(self, name: str) -> list[Sample]:
        """Return the samples of a task."""
        return [self._samples[place] for place in self._places[name]]

    def _labels(self, name: str) -> tuple[Floats, Flags]:
        """Return the labels of a task, and the answers that somebody was shown and could not tell, (n, K) each."""
        correct, cannot = read_labels(self._of(name), self.tasks[name].layout.table.rungs)
        return self._fill(name, correct), cannot

    def _fill(self, name: str, correct: Floats) -> Floats:
        """Return the labels with those of the same value as the last rung's answer, on rows that were learnt from.

        The labels that chose the reference were asked of one answer of each value; another reference needs them all.
        """
        if name not in self._filled:
            return correct
        whole, learn = self._filled[name]
        assert whole.same is not None  # noqa: S101 - laid out with a sameness
        last = whole.table.rungs[-1]
        told = [found.correct if (found := self._samples[place].recordings.get(last)) else None
                for place in self._places[name]]  # fmt: skip
        top = np.array([np.nan if one is None else one for one in told])
        same = whole.same[:, : correct.shape[1]] & learn[:, None] & self.tasks[name].layout.table.present
        return np.where(np.isnan(correct) & same, top[:, None], correct)
