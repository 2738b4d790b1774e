"""Fit of one task to an aim: combiners and rates first, then thresholds, its own or by partial pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.combine.mixture import Prior
from calibration.combine.rung_fits import RungFits
from calibration.fit.drift_samples import cross_fitted_samples
from calibration.fit.measured import measure
from calibration.fit.partial_pooling import Way, describe_pooling, pooled_points
from calibration.fit.reference_cost import fit_reference_cost
from calibration.fit.warnings import warn_one_class, warn_scarcity, warn_sharing, warn_waste
from calibration.samples.table import Table
from calibration.targets.target import Aim, Together
from calibration.thresholds.aimed import Aimed, aim
from calibration.thresholds.hull import hull_sentences
from calibration.thresholds.path import to_point
from calibration.thresholds.shrinkage import Shrunk
from cascade.errors import ConfigError, DataError
from cascade.ladder import Ladder
from cascade.policy.combiner import Combiner
from cascade.policy.policy import SALT, Policy, TaskPolicy

POOLED = (
    "It has no labels of its own and uses combiners pooled from the other tasks: the escalation rate is its own, how "
    "often its answers are right is not known."
)
"""Remark on a task with pooled combiners."""

MINIMUM = 20
"""Least samples of a task's own fit: with fewer, the interval of a rate would span most of [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A task with combiners and rates, before its thresholds are fitted."""

    fits: RungFits
    """Its combiners and rows."""

    aimed: Aimed
    """Rungs and rates."""

    target: Aim | Together
    """The target."""

    pooled: bool
    """Whether its combiners are pooled from other tasks, since it has no labels."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Its operating points as rungs and rates, for `pool_thresholds`."""
        return tuple(
            Way(rungs=part.rungs, rates=part.rates, weight=part.weight, fits=self.fits) for part in self.aimed.parts
        )


def start_task(
    laid: Table,
    ladder: Ladder,
    target: Aim | Together,
    *,
    seed: int = 0,
    combiner: Policy | None = None,
    priors: Mapping[str, Prior] | None = None,
    choose_rungs: bool = False,
) -> Started:
    """Choose combiners and rates; see `calibrate`, and `fit_task` for `priors`."""
    require_enough(laid)
    fits = _fits(laid, ladder, seed=seed, combiner=combiner, priors=priors)
    return Started(
        fits=fits,
        aimed=aim(fits, target, choose_rungs=choose_rungs),
        target=target,
        pooled=combiner is None and not fits.learns and _starts_pooled(laid, priors),
    )


def finish_task(
    started: Started, *, shrunk: Sequence[Sequence[Shrunk]] | None = None, pooled_with: int = 0
) -> TaskPolicy:
    """Fit the thresholds and measure; `shrunk`: thresholds of each way, pooled with those of `pooled_with` tasks."""
    fits, aimed = started.fits, started.aimed
    laid = fits.table
    if shrunk is None:
        points = tuple(replace(to_point(fits, part.rungs, part.rates), weight=part.weight) for part in aimed.parts)
    else:
        points = pooled_points(fits, started.ways, shrunk)
    served = fits.served(points[0].rungs[:1]) if fits.has(points[0].rungs[:1]) else np.full(len(laid), np.nan)
    drift = cross_fitted_samples(fits, points)
    policy = TaskPolicy(
        reference=laid.rungs[-1],
        points=points,
        target=started.target.to_json(),
        n=int(laid.present[:, 0].sum()),
        reference_cost=fit_reference_cost(laid, served),
        confidences=drift.confidences,
        lengths=drift.lengths,
    )
    measured = {
        **measure(fits, policy, aimed, salt=SALT, shrunk=shrunk),
        "warnings": [
            *warn_sharing(laid),
            *((*warn_one_class(laid), *warn_scarcity(laid)) if fits.learns else ()),
        ],
        "borrowed": None if shrunk is None else describe_pooling(shrunk, tasks=pooled_with, n=policy.n),
    }
    measured["warnings"] += warn_waste(measured, policy.reference)
    measured["baseline"] = list(hull_sentences(measured["hull"], laid))
    if started.pooled:
        measured["why"] = " ".join(filter(None, (POOLED, measured["why"])))
    return replace(policy, measured=measured, why=measured["why"])


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

    `priors`: by rung, fitted on other tasks; they count where the task has few labels.
    """
    return finish_task(
        start_task(laid, ladder, target, seed=seed, combiner=combiner, priors=priors, choose_rungs=choose_rungs)
    )


def require_enough(laid: Table) -> None:
    """Refuse a task with too few samples.

    Raises:
        DataError: it has fewer than 20 with a recording of the first rung.
    """
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
    """Return the task's combiners: fitted on labels, taken from another policy, or a single verifier's score."""
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
    """Return whether pooled combiners can replace all that a task without labels lacks."""
    return bool(priors) and all(rung in (priors or {}) for rung in laid.rungs[:-1])


def _given(laid: Table, policy: Policy) -> dict[str, Combiner]:
    """Return another policy's combiners for a task."""
    task = policy.tasks.get(laid.task)
    if task is None:
        message = f"The policy given as combiner has the tasks {', '.join(policy.tasks)}, not the task {laid.task!r}."
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
    """Return combiners of a single verifier's score, which need no labels."""
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
