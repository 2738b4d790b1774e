"""Joint certificate: several bounds, on one or more label dimensions, by one fixed-sequence test down the path.

A step passes if its greatest p-value is at most δ (intersection–union test). δ is not divided over the bounds: a policy
that breaks a bound passes that bound's own test with probability at most δ (see `bound.Jointly`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.certify.candidates import list_candidates, weigh_caution
from calibration.certify.certificate import Certificate, Certified, state_assumptions
from calibration.certify.certification import SAME, explain_shortfall, is_fractional
from calibration.certify.each_slice import describe_slices, slice_outcome
from calibration.certify.hypothesis_tests import Found, Tester, Trial, pass_chances
from calibration.certify.verification import Candidate, select_rows
from calibration.certify.weighting import weigh
from calibration.combine.rung_fits import RungFits
from calibration.samples.layout import Layout
from calibration.samples.table import Table
from calibration.stats.risk import fixed_sequence, required_draws
from calibration.stats.split import split_rows
from calibration.targets.bound import Jointly, MaxError, MaxLoss
from calibration.thresholds.path import policy_path
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT
from cascade.stats.influence import number_groups

ALL_AT_ONCE = (
    "All bounds hold together (intersection–union test): a policy that breaks a bound has to pass that bound's own "
    "test, so 1 − confidence is not divided over the bounds."
)


def fit_jointly(
    layout: Layout,
    jointly: Jointly,
    *,
    tasks: int = 1,
    seed: int = 0,
    choose_rungs: bool = False,
    each: str | None = None,
    salt: str = SALT,
) -> Certified:
    """Fit combiners and path on one part of the rows, and certify all bounds on the other; see `fit_certified`.

    Combiners estimate the probability that an answer is right in every bounded dimension. `each`: the tag of whose
    values each has to keep every bound; the layout has the slices.

    Raises:
        DataError: the part to learn from has too few labels.
    """
    whole = layout.table.relabelled(_least([layout.seen_in(name).table for name in jointly.dimensions]))
    first = split_rows(whole.groups, seed=seed)
    learnt = whole.take(first)
    path = policy_path(RungFits(learnt, seed=seed), seed=seed, choose_rungs=choose_rungs)
    draws = int(number_groups(layout.table.take(~first).groups).max(initial=-1)) + 1
    losses = [weigh_caution(draws, one) for one in jointly.bounds if isinstance(one, MaxLoss)]
    caution = max(losses) if len(losses) == len(jointly.bounds) else 0.0
    # A mix with the reference has the same error among accepted answers: it helps only if all bounds are losses.
    kind = next((one for one in jointly.bounds if isinstance(one, MaxError)), jointly.bounds[0])
    candidates = list_candidates(path, kind, caution=caution)
    return certify_jointly(layout, jointly, candidates, first, tasks=tasks, seed=seed, each=each, salt=salt)


def certify_jointly(
    layout: Layout,
    jointly: Jointly,
    path: Sequence[Candidate],
    first: np.ndarray[Any, np.dtype[np.bool_]],
    *,
    tasks: int,
    seed: int,
    each: str | None = None,
    salt: str,
) -> Certified:
    """Run a fixed-sequence test of all bounds down a path learnt from the rows in `first` (n,), on the other rows."""
    reference, delta = layout.table.rungs[-1], jointly.delta / tasks
    tried = [tuple(points) for points in path if any(point.rungs != (reference,) for point in points)]
    weighting = weigh(layout.table.take(first).groups) or weigh(layout.table.groups)
    testers = []
    starts = []
    slices = _slices(layout, first, each)
    for bound in jointly.bounds:
        seen = layout.seen_in(bound.dimension)
        learnt = seen.table.take(first)
        chosen = seen.uniform(loss=isinstance(bound, MaxLoss))
        for held in slices.values():
            rows = select_rows(
                seen.table.take(held),
                tried,
                bound,
                salt=salt,
                seed=seed,
                most=1 if weighting is None else weighting.most,
                same=None if seen.same is None else seen.same[held],
                chosen=None if chosen is None else chosen[held],
            )
            tester = Tester(rows=rows, bound=bound, delta=delta, fractional=is_fractional(learnt))
            testers.append(tester)
            if isinstance(bound, MaxError) and tried:
                starts.append(pass_chances(tester, tried, learnt))
    start = int(np.argmax(np.min(starts, axis=0))) if starts else 0
    trials: list[list[Trial]] = []

    def p_values() -> Iterator[float]:
        for candidate in tried[start:]:
            trials.append([_test(tester, candidate) for tester in testers])
            yield max(trial.p for trial in trials[-1])

    passed = fixed_sequence(p_values(), delta)
    last = trials[passed - 1] if passed else (trials[0] if trials else [])
    why, labels = (None, None) if passed else _tell(testers, tried[start] if tried else None, last)
    told: dict[str, Any] | None = None
    if each is not None and trials:
        names = [name for _ in jointly.bounds for name in slices]
        outcomes = _by_slice(names, testers, trials[: max(passed, 1)])
        told = {"tag": each, "slices": outcomes}
        why = None if why is None else f"{why} {describe_slices(each, outcomes)}".rstrip()
    units = {tester.rows.unit for tester in testers}
    grouped = weighting if "group" in units else None
    sources = layout.label_sources
    return Certified(
        points=tried[start + passed - 1] if passed else (OperatingPoint(rungs=(reference,), thresholds=()),),
        index=None,
        certificate=Certificate(
            bound=jointly.to_json(),
            certified=bool(passed),
            why=why,
            labels_needed=labels,
            delta=delta,
            tasks=tasks,
            method="fixed-sequence test down the path, every bound at each step at the full δ"
            + ("; " if each is None else f", in each value of tag.{each}; ")
            + "; ".join(dict.fromkeys(tester.method for tester in testers)),
            unit="group" if "group" in units else "sample",
            n=min(len(tester.rows.drawn) for tester in testers),
            samples=min(len(tester.rows.table) for tester in testers),
            accepted=min(trial.accepted for trial in last) if passed else None,
            risk=None,
            p_value=max(max(trial.p for trial in step) for step in trials[:passed]) if passed else None,
            tests=tuple(
                {
                    "step": start + j,
                    "accepted": min(trial.accepted for trial in step),
                    "p": max(trial.p for trial in step),
                }
                for j, step in enumerate(trials)
            ),
            label_sources=sources,
            weighting=None if grouped is None else grouped.to_json(),
            assumptions=state_assumptions(
                task=layout.table.task,
                weighting=grouped,
                label_sources=sources,
                confidence=jointly.confidence,
                delta=delta,
                tasks=tasks,
                left_out=max(tester.rows.left_out for tester in testers),
                extra=(
                    ALL_AT_ONCE,
                    *((SAME,) if any(isinstance(one, MaxLoss) for one in jointly.bounds) else ()),
                ),
            ),
            parts=tuple(_part(tester, trial) for tester, trial in zip(testers, last, strict=False)),
            each=told,
        ),
    )


def _slices(layout: Layout, first: Flags, each: str | None) -> dict[str, Flags]:
    """Return the certifying rows of each slice; all of them without a tag."""
    if each is None:
        return {"": ~first}
    named = np.array(layout.slices)
    return {str(name): ~first & (named == name) for name in np.unique(named)}


def _test(tester: Tester, candidate: Candidate) -> Trial:
    """Test a candidate; a slice without certifying rows does not pass."""
    return tester.test(candidate) if len(tester.rows.drawn) else Trial(p=1.0, accepted=0, risk=0.0)


def _by_slice(
    names: Sequence[str], testers: Sequence[Tester], trials: Sequence[Sequence[Trial]]
) -> dict[str, dict[str, Any]]:
    """Return each slice's outcome over all bounds: draws and risk are those of the bound with the greatest p."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(names):
        own = [place for place, other in enumerate(names) if other == name]
        worst = max(own, key=lambda place: trials[-1][place].p)
        tester, n = testers[worst], len(testers[worst].rows.drawn)
        found[name] = slice_outcome(
            [max(step[place].p for place in own) for step in trials],
            n=n,
            risk=trials[-1][worst].risk if n else None,
            least=required_draws(tester.bound.value, tester.delta),
            delta=tester.delta,
            slices=len(set(names)),
        )
    return found


def _tell(testers: Sequence[Tester], candidate: Candidate | None, last: Sequence[Trial]) -> tuple[str, int | None]:
    """Return why bounds failed, as text, and the number of labels of the most demanding one."""
    if candidate is None:
        return "Not certified: no policy is cheaper than the reference.", None
    shortfalls = [
        explain_shortfall(tester, Found(method="", tests=(), enough=tester.enough(candidate)))
        for tester, trial in zip(testers, last, strict=True)
        if trial.p > tester.delta
    ]
    labels = [needed for _, needed in shortfalls]
    known = [needed for needed in labels if needed is not None]
    return " ".join(dict.fromkeys(why for why, _ in shortfalls)), max(known) if len(known) == len(labels) else None


def _part(tester: Tester, trial: Trial) -> dict[str, Any]:
    return {
        "bound": tester.bound.to_json(),
        "n": len(tester.rows.drawn),
        "accepted": trial.accepted,
        "risk": trial.risk,
        "p": trial.p,
        "method": tester.method,
    }


def _least(tables: Sequence[Table]) -> Floats:
    """Return the correctness in the worst of several dimensions, (n, K); NaN where none is labelled."""
    found = np.stack([table.correct for table in tables])
    least = np.min(np.where(np.isnan(found), np.inf, found), axis=0)
    return np.where(np.isinf(least), np.nan, least)
