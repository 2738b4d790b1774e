"""calibrate(): samples in, a policy out; thin wrappers around the mathematics of the neighbouring modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from calibration.fit_combiner import fit_combiner, out_of_fold
from calibration.later_rates import later_rates
from calibration.measured import measure
from calibration.rate import fit_threshold
from calibration.recorded import recorded_ladder
from calibration.reference_cost import fit_reference_cost
from calibration.serving import confidences, feature_rows, goes_up
from calibration.table import Floats, Table, by_task, lay_out
from calibration.target import EscalationRate
from cascade.combiner import Combiner
from cascade.errors import ConfigError, DataError
from cascade.features import EARLIER, LENGTH
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.point import Point, Threshold
from cascade.policy import SALT, LadderPrint, Policy, TaskPolicy
from cascade.prices import PriceBook
from cascade.sample import Sample

MINIMUM = 20
"""Samples of a task below which nothing is fitted: the interval of a rate would span most of [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The combiners of a task, and what they say about the rows that they were fitted on."""

    combiners: dict[str, Combiner]
    """By rung."""

    held_out: dict[str, Floats]
    """Out-of-fold confidences of every rung, (n,), for estimates that use labels; empty without labels."""


def calibrate(
    samples: Iterable[Sample],
    ladder: Ladder | Sequence[str],
    *,
    target: EscalationRate,
    verifiers: Sequence[Any] | None = None,
    tasks: Sequence[str] | None = None,
    seed: int = 0,
    combiner: Policy | None = None,
    prices: PriceBook | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Policy:
    """Fit a policy on recorded samples, task by task.

    Args:
        samples: requests with recordings of the ladder's rungs, and labels (`correct`) where there are any.
        ladder: the ladder that will serve, or names of recorded rungs, cheapest first.
        target: what to reach.
        verifiers: with names only, the verifiers to use; None: all that are free, or recorded at no cost.
        tasks: only these; None: all.
        seed: of the random choices (folds).
        combiner: a policy whose combiners are used as they are, so that no labels are needed.
        prices: fills in costs that were not recorded.
        progress: called with the task, the samples judged and their total.

    Raises:
        DataError: too few samples, no labels where they are needed, or labels of one kind only.
        ConfigError: the ladder or a verifier cannot be used.
    """
    grouped = by_task(samples)
    everything = [sample for rows in grouped.values() for sample in rows]
    if not everything:
        message = "There are no samples; calibrate needs some with recordings of the ladder's rungs."
        raise DataError(message)
    absent = sorted(set(tasks or ()) - set(grouped))
    if absent:
        message = f"No sample belongs to task {absent[0]!r}; the samples have {', '.join(grouped)}."
        raise DataError(message)
    named = not isinstance(ladder, Ladder)
    rungs = recorded_ladder(everything, ladder, verifiers) if not isinstance(ladder, Ladder) else resolve(ladder)
    fitted: dict[str, TaskPolicy] = {}
    for name, rows in grouped.items():
        if tasks is None or name in tasks:
            report = None if progress is None else (lambda done, total, name=name: progress(name, done, total))
            laid = lay_out(name, rows, rungs, prices=prices, progress=report)
            fitted[name] = fit_task(laid, rungs.of(name), target, seed=seed, combiner=combiner)
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


def fit_task(
    laid: Table, ladder: Ladder, target: EscalationRate, *, seed: int = 0, combiner: Policy | None = None
) -> TaskPolicy:
    """Fit the policy of one task to its table; see `calibrate`."""
    first = laid.present[:, 0]
    if int(first.sum()) < MINIMUM:
        message = (
            f"Task {laid.task!r} has {int(first.sum())} samples with a recording of rung {laid.rungs[0]!r}; "
            f"at least {MINIMUM} were expected."
        )
        raise DataError(message)
    fitted = _combiners(laid, ladder, seed=seed, combiner=combiner)
    rates = target.for_rungs(len(laid.rungs) - 1)
    if None in rates:
        rates = later_rates(laid, fitted.held_out, rates)
    point = Point(
        rungs=laid.rungs,
        thresholds=_thresholds(laid, fitted.combiners, rates),
        combiners=fitted.combiners,
    )
    served = confidences(laid, laid.rungs[0], fitted.combiners.get(laid.rungs[0]), {})
    policy = TaskPolicy(
        reference=laid.rungs[-1],
        points=(point,),
        target=target.to_json(),
        n=int(first.sum()),
        reference_cost=fit_reference_cost(laid, served),
    )
    measured = measure(laid, policy, rates, fitted.held_out, salt=SALT)
    return replace(policy, measured=measured, why=measured["why"])


def _combiners(laid: Table, ladder: Ladder, *, seed: int, combiner: Policy | None) -> Fitted:
    """Fit every rung's combiner, or take those that were given."""
    if combiner is not None:
        return Fitted(combiners=_given(laid, combiner), held_out={})
    labelled = {rung: laid.present[:, k] & ~np.isnan(laid.correct[:, k]) for k, rung in enumerate(laid.rungs)}
    if not any(labelled[rung].any() for rung in laid.rungs[:-1]) and len(laid.rungs) > 1:
        return Fitted(combiners=_single(laid, ladder), held_out={})
    combiners: dict[str, Combiner] = {}
    held_out: dict[str, Floats] = {}
    for k, rung in enumerate(laid.rungs):
        correct = np.where(labelled[rung], laid.correct[:, k], np.nan)
        _require_variety(laid, rung, correct, top=k + 1 == len(laid.rungs))
        # Later rungs learn from earlier confidences that never saw the row: fitted ones look surer than live ones.
        rows, names = feature_rows(laid, rung, held_out)
        fit = laid.present[:, k] & ~laid.vetoed[:, k]
        combiners[rung] = fit_combiner(rows[fit], correct[fit], names, seed=seed)
        groups = (
            None if not any(laid.groups) else [group for group, taken in zip(laid.groups, fit, strict=True) if taken]
        )
        found = np.zeros(len(laid))
        found[fit] = out_of_fold(rows[fit], correct[fit], names, seed=seed, groups=groups)
        held_out[rung] = found
    return Fitted(combiners=combiners, held_out=held_out)


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


def _require_variety(laid: Table, rung: str, correct: Floats, *, top: bool) -> None:
    known = correct[~np.isnan(correct)]
    if top or (known.size and known.min() < known.max()):
        return
    if not known.size:
        message = (
            f"Task {laid.task!r}: no recording of rung {rung!r} is labelled (`correct`); fill labels in with "
            "`cascade grade`, or give `--combiner old.json`."
        )
    else:
        message = (
            f"Task {laid.task!r}: all {known.size} labels of rung {rung!r} are {known[0]:g}; right and wrong answers "
            "were expected, since from one kind nothing can be learnt."
        )
    raise DataError(message)


def _thresholds(laid: Table, combiners: Mapping[str, Combiner], rates: Sequence[float | None]) -> tuple[Threshold, ...]:
    """Fit each rung's threshold on the confidences that will be served, among the rows that reach it."""
    thresholds: list[Threshold] = []
    live = np.ones(len(laid), dtype=bool)
    earlier: dict[str, Floats] = {}
    for k, rung in enumerate(laid.rungs[:-1]):
        found = confidences(laid, rung, combiners[rung], earlier)
        fit = live & laid.present[:, k]
        rate = rates[k] or 0.0
        if fit.any():
            t, g = fit_threshold(found[fit], rate, vetoed=laid.forced[fit, k])
        else:
            t, g = (1.0, 1.0) if rate > 0.0 else (0.0, 0.0)
        thresholds.append(Threshold(t=float(t), g=float(g)))
        live = live & laid.present[:, k] & goes_up(laid, rung, found, thresholds[-1], salt=SALT)
        earlier[rung] = found
    return tuple(thresholds)


def _read_verifiers(rungs: Sequence[str], tasks: Mapping[str, TaskPolicy]) -> dict[str, tuple[str, ...]]:
    """Return the verifiers whose verdicts the combiners read, by rung."""
    read: dict[str, dict[str, None]] = {rung: {} for rung in rungs}
    for task in tasks.values():
        for point in task.points:
            for rung, combiner in point.combiners.items():
                for name in combiner.features:
                    if name != LENGTH and not name.startswith(EARLIER):
                        read[rung][name.split(".", 1)[0]] = None
    return {rung: tuple(names) for rung, names in read.items() if names}
