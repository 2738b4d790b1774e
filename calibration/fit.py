"""calibrate(): samples in, a policy out; thin wrappers around the mathematics of the neighbouring modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from calibration.aimed import aim
from calibration.bound import Bound, MaxError, MaxLoss
from calibration.certified_task import certify_task
from calibration.layout import Layout, lay_out_tasks
from calibration.measured import measure
from calibration.mixture import Prior
from calibration.path import to_point
from calibration.pooled_combiners import pooled_priors
from calibration.recorded import recorded_ladder
from calibration.reference_cost import fit_reference_cost
from calibration.rung_fits import RungFits
from calibration.scarcity import tell_scarcity
from calibration.subladders import list_subladders
from calibration.survey import Survey, survey
from calibration.table import Table
from calibration.target import Aim, Together
from cascade.combiner import Combiner
from cascade.errors import ConfigError, DataError
from cascade.exchange import EMPTY
from cascade.features import EARLIER, LENGTH
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.policy import SALT, LadderPrint, Policy, TaskPolicy
from cascade.prices import PriceBook
from cascade.sample import Sample

Target: TypeAlias = Aim | Together | Bound
"""What may be asked of calibrate."""

POOLED = (
    "It has no labels of its own and starts from what the other tasks' verifiers are worth: the rate is its own, how "
    "often its answers are right is not known."
)
"""What is said of a task that borrows its combiners."""

MINIMUM = 20
"""Samples of a task below which nothing is fitted: the interval of a rate would span most of [0, 1]."""


def calibrate(
    samples: Iterable[Sample],
    ladder: Ladder | Sequence[str],
    *,
    target: Target,
    dial: Mapping[str, Target] = EMPTY,
    shared_by: int | None = None,
    choose_rungs: bool = False,
    verifiers: Sequence[Any] | None = None,
    tasks: Sequence[str] | None = None,
    seed: int = 0,
    combiner: Policy | None = None,
    prices: PriceBook | None = None,
    found: Survey | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Policy:
    """Fit a policy on recorded samples, task by task.

    Samples are gone through twice, to see what there is and to lay it out, and never kept: of a source that reads its
    files anew each time (`cascade.bulk.sample_files`) any number fits. An iterator, which gives them once, is kept.

    Args:
        samples: requests with recordings of the ladder's rungs, and labels (`correct`) where there are any.
        ladder: the ladder that will serve, or names of recorded rungs, cheapest first.
        target: what to reach in expectation (an aim), or what to certify (MaxError, MaxLoss).
        dial: further operating points by name, each with its own target; `run(quality=…)` picks one.
        shared_by: how many tasks share a bound's 1 − confidence; None: those that are fitted here.
        choose_rungs: whether rungs may be left out: every sub-ladder that keeps the top is tried.
        verifiers: with names only, the verifiers to use; None: all that are free, or recorded at no cost.
        tasks: only these; None: all.
        seed: of the random choices (folds).
        combiner: a policy whose combiners are used as they are, so that no labels are needed.
        prices: fills in costs that were not recorded.
        found: what `survey` found in these samples, where that was asked already; saves going through them twice.
        progress: called now and then with the task, the samples judged and their total.

    Raises:
        DataError: too few samples, no labels where they are needed, or labels of one kind only.
        ConfigError: the ladder or a verifier cannot be used.
    """
    again = list(samples) if isinstance(samples, Iterator) else samples
    seen = survey(again) if found is None else found
    if not len(seen):
        message = "There are no samples; calibrate needs some with recordings of the ladder's rungs."
        raise DataError(message)
    absent = sorted(set(tasks or ()) - set(seen.counts))
    if absent:
        message = f"No sample belongs to task {absent[0]!r}; the samples have {', '.join(seen.counts)}."
        raise DataError(message)
    named = not isinstance(ladder, Ladder)
    rungs = resolve(ladder) if isinstance(ladder, Ladder) else recorded_ladder(seen, ladder, verifiers)
    targets = {"": target, **dial}
    counts = {name: n for name, n in seen.counts.items() if tasks is None or name in tasks}
    layouts = lay_out_tasks(
        again,
        rungs,
        counts,
        {name: _parts(rungs.of(name).names) for name in counts} if choose_rungs else EMPTY,
        sameness=any(isinstance(one, MaxError | MaxLoss) for one in targets.values()),
        prices=prices,
        progress=progress,
    )
    shared_by = shared_by or len(layouts)
    priors = {} if combiner is not None else _priors({name: one.table for name, one in layouts.items()}, seed=seed)
    fitted: dict[str, TaskPolicy] = {}
    for name in list(layouts):
        layout = layouts.pop(name)  # let go once it is fitted
        points = {
            quality: _fit_one(
                layout,
                rungs.of(name),
                one,
                seed=seed,
                combiner=combiner,
                priors=priors.get(name),
                choose_rungs=choose_rungs,
                tasks=shared_by,
            )
            for quality, one in targets.items()
        }
        fitted[name] = replace(points.pop(""), dial=points)
    return Policy(
        ladder=LadderPrint(
            rungs=rungs.names,
            verifiers=_read_verifiers(rungs.names, fitted),
            fingerprint=None if named else rungs.fingerprint(),
        ),
        tasks=fitted,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
    )


def _parts(rungs: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sub-ladders that choosing rungs looks at, every model alone among them."""
    return [*list_subladders(rungs, choose=True), *((rung,) for rung in rungs)]


def _priors(tables: Mapping[str, Table], *, seed: int) -> dict[str, dict[str, Prior]]:
    """Return what stands in for a task's own combiners where it has too few labels: those pooled over all tasks."""
    return pooled_priors(tables, seed=seed) if len(tables) > 1 else {}


def _fit_one(
    layout: Layout,
    ladder: Ladder,
    target: Target,
    *,
    seed: int,
    combiner: Policy | None,
    priors: Mapping[str, Prior] | None,
    choose_rungs: bool,
    tasks: int,
) -> TaskPolicy:
    """Fit one operating point of one task: certified where a bound is asked for, else aimed."""
    laid = layout.table
    if not isinstance(target, MaxError | MaxLoss):
        return fit_task(laid, ladder, target, seed=seed, combiner=combiner, priors=priors, choose_rungs=choose_rungs)
    _require_enough(laid)
    return certify_task(
        laid,
        target,
        tasks=tasks,
        seed=seed,
        choose_rungs=choose_rungs,
        same=layout.same,
        chosen=layout.uniform(loss=isinstance(target, MaxLoss)),
        label_sources=layout.label_sources,
    )


def fit_task(
    laid: Table,
    ladder: Ladder,
    target: Aim | Together,
    *,
    seed: int = 0,
    combiner: Policy | None = None,
    priors: Mapping[str, Prior] | None = None,
    choose_rungs: bool = False,
) -> TaskPolicy:
    """Fit the policy of one task to its table; see `calibrate`.

    `priors`: by rung, what other tasks say of its answers; combiners lean on it where the task has few labels.
    """
    _require_enough(laid)
    fits = _fits(laid, ladder, seed=seed, combiner=combiner, priors=priors)
    aimed = aim(fits, target, choose_rungs=choose_rungs)
    points = tuple(replace(to_point(fits, part.rungs, part.rates), weight=part.weight) for part in aimed.parts)
    served = fits.served(points[0].rungs[:1]) if fits.has(points[0].rungs[:1]) else np.full(len(laid), np.nan)
    policy = TaskPolicy(
        reference=laid.rungs[-1],
        points=points,
        target=target.to_json(),
        n=int(laid.present[:, 0].sum()),
        reference_cost=fit_reference_cost(laid, served),
    )
    measured = {**measure(fits, policy, aimed, salt=SALT), "warnings": list(tell_scarcity(laid)) if fits.learns else []}
    if combiner is None and not fits.learns and _starts_pooled(laid, priors):
        measured["why"] = " ".join(filter(None, (POOLED, measured["why"])))
    return replace(policy, measured=measured, why=measured["why"])


def _require_enough(laid: Table) -> None:
    recorded = int(laid.present[:, 0].sum())
    if recorded < MINIMUM:
        message = (
            f"Task {laid.task!r} has {recorded} samples with a recording of rung {laid.rungs[0]!r}; "
            f"at least {MINIMUM} were expected."
        )
        raise DataError(message)


def _fits(
    laid: Table, ladder: Ladder, *, seed: int, combiner: Policy | None, priors: Mapping[str, Prior] | None
) -> RungFits:
    """Return the task's combiners: fitted on labels, taken from another policy, or one verifier's score passed on."""
    if combiner is not None:
        found = _given(laid, combiner)
        return RungFits(laid, seed=seed, given=lambda context: found.get(context[-1]))
    labelled = laid.present & ~np.isnan(laid.correct)
    if len(laid.rungs) > 1 and not labelled[:, :-1].any():
        if _starts_pooled(laid, priors):
            borrowed = {rung: prior.combiner for rung, prior in (priors or {}).items()}
            return RungFits(laid, seed=seed, given=lambda context: borrowed.get(context[-1]))
        single = _single(laid, ladder)
        return RungFits(laid, seed=seed, given=lambda context: single.get(context[-1]))
    return RungFits(laid, seed=seed, priors=priors)


def _starts_pooled(laid: Table, priors: Mapping[str, Prior] | None) -> bool:
    """Tell whether other tasks' pooled combiners can stand in for all that a task without labels lacks."""
    return bool(priors) and all(rung in (priors or {}) for rung in laid.rungs[:-1])


def _given(laid: Table, policy: Policy) -> dict[str, Combiner]:
    """Return another policy's combiners for a task."""
    task = policy.tasks.get(laid.task)
    if task is None:
        message = f"The policy given as combiner knows {', '.join(policy.tasks)}, not the task {laid.task!r}."
        raise ConfigError(message)
    combiners: dict[str, Combiner] = {}
    for point in task.points:
        combiners.update({rung: found for rung, found in point.combiners.items() if rung in laid.rungs})
    missing = [rung for rung in laid.rungs[:-1] if rung not in combiners]
    if missing:
        message = f"The policy given as combiner has none for rung {missing[0]!r} of task {laid.task!r}."
        raise ConfigError(message)
    return combiners


def _single(laid: Table, ladder: Ladder) -> dict[str, Combiner]:
    """Return combiners that pass one verifier's score on, which needs no labels."""
    combiners: dict[str, Combiner] = {}
    for rung in ladder[:-1]:
        names = [verifier.name for verifier in rung.verifiers]
        if len(names) != 1:
            message = (
                f"Task {laid.task!r} has no labels for rung {rung.name!r}, so {len(names)} verifiers cannot be weighed "
                f"against each other ({', '.join(names) or 'none'}). Label some samples (`cascade grade`), name one "
                "verifier (`--verifiers logprob`), or take the combiner of an earlier policy (`--combiner old.json`)."
            )
            raise DataError(message)
        combiners[rung.name] = Combiner.single(names[0])
    return combiners


def _read_verifiers(rungs: Sequence[str], tasks: Mapping[str, TaskPolicy]) -> dict[str, tuple[str, ...]]:
    """Return the verifiers whose verdicts the combiners read, by rung."""
    read: dict[str, dict[str, None]] = {rung: {} for rung in rungs}
    for task in tasks.values():
        for point in (point for one in (task, *task.dial.values()) for point in one.points):
            for rung, combiner in point.combiners.items():
                for name in combiner.features:
                    if name != LENGTH and not name.startswith(EARLIER):
                        read[rung][name.split(".", 1)[0]] = None
    return {rung: tuple(names) for rung, names in read.items() if names}
