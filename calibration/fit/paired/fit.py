"""Paired fit: combiners, candidates and the number of draws, all fixed without the certifying rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags
from calibration.certify.candidates import weigh_caution
from calibration.certify.paired_candidates import likely_policies, list_paired_candidates
from calibration.certify.verification import Candidate
from calibration.combine.rung_fits import RungFits
from calibration.samples.audit import AUDIT, audit_rows
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs, pairs_of_labels, pairs_of_sameness
from calibration.samples.replayed import apply_out_of_fold
from calibration.samples.sameness import Sameness
from calibration.targets.bound import MaxDisagreement, MaxLoss
from calibration.targets.target import Best
from calibration.thresholds.aimed import anchor
from calibration.thresholds.evidence import ParetoPolicy
from calibration.thresholds.path import Path, policy_path
from cascade.errors import ConfigError, DataError
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT

MIN_LEARN = 10
"""Least rows to learn from, and to certify."""

ENOUGH = 0.9
"""Probability with which the labels to certify with suffice for every row that the last candidate flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBudget:
    """How many rows may be labelled, for a loss that is certified on pairs."""

    labels: int
    """Rows to learn from and to certify with: half of them each, and what learning leaves over certifies."""

    audit: int = AUDIT
    """Rows of the audit, beside these: a uniform draw of all rows, labelled whatever is the same."""

    person: int = 0
    """Of the flagged rows that a judge labelled, about how many a person labels too, so that the loss is certified and
    not only what the judge says; 0: none."""

    audit_bound: bool = False
    """Whether the audit's bound on the same value with another label is taken off the bound on the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedOptions:
    """How the tasks of one calibration are certified against their reference."""

    bound: MaxDisagreement | MaxLoss | Best
    """The bound to certify, or the aim at the best accuracy, which is not certified: all rows learn then."""

    sameness: Sameness
    """Whose sameness the samples were laid out with."""

    budget: LabelBudget | None = None
    """The labels of a loss or an aim; None: of a disagreement, which needs none."""

    tasks: int = 1
    """How many tasks share 1 − confidence."""

    seed: int = 0
    """Of the folds; it does not move the split."""

    choose_rungs: bool = False
    """Whether rungs may be left out."""

    every: bool = False
    """Whether a loss is bounded against every single model, not only against the reference."""

    each: str | None = None
    """The tag of whose values each has to keep the bound, as the layout is sliced; None: the requests as a whole do."""

    abstains: bool = False
    """Whether the task gives no answer where the last rung's was vetoed."""

    def __post_init__(self) -> None:
        """Refuse slices beside what bounds something of all requests together: a slice may have more than its share.

        Raises:
            ConfigError: `each` is given with an aim, every single model, a person's part, or an audit's.
        """
        budget = self.budget or LabelBudget(labels=0)
        beside = {
            "an aim": isinstance(self.bound, Best),
            "every single model": self.every,
            "a person's labels of a part": budget.person > 0,
            "the audit's bound": budget.audit_bound,
            "a person's checks of a judge": self.sameness.checks is not None,
        }
        given = [name for name, value in beside.items() if value]
        if self.each is not None and given:
            message = (
                f"each is tag.{self.each}, beside {' and '.join(given)}; a bound against one reference by one kind of "
                "labels was expected, since the rest is not known of each value. Leave one of them out."
            )
            raise ConfigError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRows:
    """The comparable rows of a task, and what each part of them is for."""

    pairs: Pairs
    """All of them."""

    learnt: Pairs
    """Those that are learnt from."""

    held: Pairs
    """Those that certify."""

    order: NDArray[np.intp]
    """Of the LEARN rows of `pairs`, those that a budget of labels reaches, in order; empty without a budget."""

    audit: NDArray[np.intp]
    """The rows of `pairs` that the audit draws; empty without a budget."""

    def open_learn(self) -> NDArray[np.intp]:
        """Return the rows to learn from that want labels, in order."""
        return self.order[self.pairs.any_differs[self.order] & ~self.pairs.known[self.order]]


def part_rows(layout: Layout, options: PairedOptions) -> PairedRows:
    """Return the parts of a task's comparable rows.

    Raises:
        DataError: too few samples have recordings of the reference and of rungs below it.
    """
    none = np.zeros(0, dtype=np.intp)
    if options.budget is None:
        pairs = pairs_of_sameness(layout, abstains=options.abstains)
        found = PairedRows(pairs=pairs, learnt=pairs.learnt, held=pairs.held, order=none, audit=none)
    else:
        pairs, aims = pairs_of_labels(layout), isinstance(options.bound, Best)
        every = np.ones(len(pairs.table), dtype=bool)
        half = options.budget.labels // (1 if aims else 2)
        order = _within(pairs, half, every if aims else pairs.split.learn)
        found = PairedRows(
            pairs=pairs,
            learnt=_learnt(pairs, order),
            held=pairs if aims else pairs.held,
            order=order,
            audit=audit_rows(pairs, options.budget.audit),
        )
    first = int(pairs.split.learn.sum())
    if min(first, len(found.held.table)) < MIN_LEARN:
        message = (
            f"Task {layout.table.task!r} has {len(pairs.table)} samples with recordings of the reference and a rung "
            f"below it, {first} of them to learn from; at least {MIN_LEARN} to learn from and to "
            "certify were expected. Record more (`cascade explore`)."
        )
        raise DataError(message)
    return found


def require_learnt(rows: PairedRows) -> None:
    """Check that there are labels to learn from.

    Raises:
        DataError: of the rows that differ none has labels of all its answers, or too few rows are left.
    """
    if len(rows.learnt.table) < MIN_LEARN:
        message = (
            f"Task {rows.pairs.table.task!r}: of {int(rows.pairs.any_differs[rows.order].sum())} rows to learn from on "
            f"which answers differ, too few have labels: {len(rows.learnt.table)} rows can be used, {MIN_LEARN} were "
            "expected. Label more of them (`cascade certify`)."
        )
        raise DataError(message)


def _within(pairs: Pairs, most: int, rows: Flags) -> NDArray[np.intp]:
    """Return the rows to learn from in their order, up to the `most`-th that differs."""
    order = pairs.split.order(rows, pairs.table.ids)
    differing = np.cumsum(pairs.any_differs[order])
    return order[: int(np.searchsorted(differing, max(most, 1))) + 1]


def _learnt(pairs: Pairs, order: NDArray[np.intp]) -> Pairs:
    """Return the rows to learn from: up to the last labelled one, whose labels stand for those that are missing.

    A differing row is labelled if the harm of every rung is known; of the others none is used.
    """
    differs, known = pairs.any_differs[order], pairs.known[order]
    labelled = np.flatnonzero(differs & known)
    if differs.any():
        # Rows after the last labelled one would say that nothing more differs.
        order = order[: labelled[-1] + 1] if labelled.size else order[:0]
        differs, known = differs[: len(order)], known[: len(order)]
    rows = pairs.take(order)
    if known.all():
        return rows
    unknown = ~known[:, None]
    weights = np.where(differs, float(differs.sum()) / max(int((differs & known).sum()), 1), 1.0)
    table = rows.table.relabelled(np.where(unknown, np.nan, rows.table.correct)).weighted(weights)
    harm, gain = (np.where(unknown, np.nan, one) for one in (rows.harm, rows.gain))
    return replace(rows, table=table, harm=harm, gain=gain)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedFit:
    """What is fixed before the certifying rows are looked at."""

    path: Path
    """The policies that were compared."""

    candidates: tuple[Candidate, ...]
    """Those that are tested, in their order."""

    draws: int
    """M: how many independent units are tested, in their order."""

    labels: int
    """Rows that may be labelled to certify with; 0 for a disagreement."""

    flagged: float | None
    """Expected share of draws on which some candidate serves an answer that is not same; None for a disagreement."""

    graded: bool
    """Whether labels lie between 0 and 1, so that losses are bet on."""


def best_of_pairs(rows: PairedRows, options: PairedOptions) -> tuple[Path, tuple[OperatingPoint, ...]]:
    """Return the path and the points of the best expected accuracy at no more than the reference's cost."""
    fits = RungFits(rows.learnt.table, seed=options.seed, any_class=True)
    path = policy_path(fits, seed=options.seed, choose_rungs=options.choose_rungs, compared=rows.learnt.compared)
    usd = rows.learnt.table.answer_usd[:, -1]
    mix = anchor(path, float(np.nanmean(usd))) if path.evidence.priced else ((1.0, path.hull[0]),)
    found = mix or ((1.0, path.reference),)
    return path, tuple(path.point(one, weight=share) for share, one in found)


def fit_pairs(rows: PairedRows, options: PairedOptions) -> PairedFit:
    """Fit combiners to no harm, and choose candidates and the number of draws."""
    assert not isinstance(options.bound, Best)  # noqa: S101 - an aim has no candidates
    fits = RungFits(rows.learnt.table, seed=options.seed, any_class=True)
    units = len(np.unique(rows.held.split.code))
    bound, eps, scale = options.bound, options.bound.value, rows.pairs.scale
    if options.budget is None or isinstance(bound, MaxDisagreement):
        path = policy_path(fits, seed=options.seed, choose_rungs=options.choose_rungs)
        candidates = list_paired_candidates(path, eps)
        return PairedFit(path=path, candidates=candidates, draws=units, labels=0, flagged=None, graded=False)
    spent = int(rows.learnt.any_differs.sum())
    every = options.every
    labels = max(options.budget.labels - spent, 0)

    def searched(draws: int) -> tuple[Path, int, int]:
        path = policy_path(
            fits,
            seed=options.seed,
            choose_rungs=options.choose_rungs,
            compared=rows.learnt.compared,
            caution=weigh_caution(draws, bound),
        )
        if every:
            return path, *count_differing(rows.learnt)
        return path, *count_flagged(fits, rows.learnt, likely_policies(path, eps, scale=scale))

    # How cautious candidates are depends on the draws, and the draws on what candidates flag.
    _, count, n = searched(units)
    path, count, n = searched(fix_draws(count, n, labels, units))
    draws = fix_draws(count, n, labels, units)
    values = rows.learnt.harm - rows.learnt.gain
    graded = bool(np.any(values[~np.isnan(values)] % 1.0 != 0.0))
    best = max(one.quality for one in path.singles) if every else None
    candidates = list_paired_candidates(path, eps, scale=scale, best=best)
    return PairedFit(
        path=path, candidates=candidates, draws=draws, labels=labels, flagged=(count + 0.5) / (n + 1.0), graded=graded
    )  # fmt: skip


def count_flagged(fits: RungFits, learnt: Pairs, policies: Sequence[ParetoPolicy]) -> tuple[int, int]:
    """Return on how many of the rows to learn from some policy serves an answer that is not same, and their number.

    Out of fold: no row is served by a combiner that saw its label. Rows with every rung count.
    """
    whole = np.all(learnt.table.present, axis=1)
    flagged = np.zeros(len(learnt.table), dtype=np.bool_)
    for policy in policies:
        contexts = [policy.rungs[: k + 1] for k in range(len(policy.rungs) - 1)]
        held_out = {context[-1]: fits.held_out(context) for context in contexts}
        served = apply_out_of_fold(learnt.table, policy.rungs, policy.rates, held_out, salt=SALT)
        column = np.array([learnt.table.rungs.index(name) for name in policy.rungs], dtype=np.intp)[served.answered]
        flagged = flagged | learnt.differs[np.arange(len(learnt.table)), column]
    return int(np.count_nonzero(flagged & whole)), int(np.count_nonzero(whole))


def count_differing(learnt: Pairs) -> tuple[int, int]:
    """Return on how many of the rows to learn from some rung differs, and their number; rows with every rung count.

    There any answer that is served differs from that of some single model.
    """
    whole = np.all(learnt.table.present, axis=1)
    return int(np.count_nonzero(learnt.any_differs & whole)), int(np.count_nonzero(whole))


def fix_draws(flagged: int, n: int, labels: int, units: int) -> int:
    """Return M, the most draws of which at most `labels` are flagged with probability .9, if `flagged` of `n` were.

    At least one, at most `units`. The number flagged is Beta-binomial, since the rate is known from n rows only.
    """
    from scipy.stats import betabinom

    sizes = np.arange(1, units + 1)
    # The chance falls with the draws, so the number of sizes that suffice is the greatest one.
    enough = np.count_nonzero(betabinom.cdf(labels, sizes, flagged + 0.5, n - flagged + 0.5) >= ENOUGH)
    return max(1, int(enough))
