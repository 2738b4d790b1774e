"""The gate: replays a policy on labelled samples and compares figures with limits: pass, fail, or undecided.

Levels. A figure passes if its one-sided bound at level δ = 1 − confidence clears the limit. A gate passes if every
figure passes, so it passes wrongly with probability at most δ for any number of figures: a bad policy has a bad figure,
which passes with probability at most δ (intersection–union test, Berger 1982, Technometrics 24). A gate fails if any
figure fails, so the level of failing is divided over the figures (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.gate.finding import Criterion, Finding, Gate, judge_figure
from calibration.gate.fresh_rows import require_fresh
from calibration.gate.gate_rows import GateRows, replay_task
from calibration.gate.ppi_figure import ppi_estimate
from calibration.gate.replays import other_sameness
from calibration.gate.slices import count_slices, judge_slices, slices_of
from calibration.samples.sameness import Sameness
from calibration.samples.selective import require_unselective_samples
from calibration.samples.table import by_task
from calibration.samples.tag_slices import tag_of
from calibration.stats.labels import uniform_rows
from calibration.thresholds.hull import Baseline, compare_replayed
from cascade.errors import ConfigError, DataError
from cascade.ladder import Ladder
from cascade.policy.policy import Policy, TaskPolicy
from cascade.prices import PriceBook
from cascade.samples.sample import Sample

NEED_LABELS = {"min_accuracy", "max_error", "max_drop"}
"""Limits that need labels of all kinds of rows; a loss needs them only where answers differ."""

LEAST_SCORED = 0.1
"""A verifier that certainly scores a smaller share of answers, and none of these, has stopped scoring."""


def check_policy(
    samples: Iterable[Sample],
    policy: Policy,
    criteria: Sequence[Criterion],
    *,
    ladder: Ladder | None = None,
    baseline: Policy | None = None,
    confidence: float = 0.9,
    verifiers: Sequence[Any] | None = None,
    prices: PriceBook | None = None,
    tasks: Sequence[str] | None = None,
    proxy: str | None = None,
    sameness: Sameness | None = None,
    abstaining: Collection[str] = (),
    sample_key: bytes | None = None,
    allow_fitted: bool = False,
    each: str | None = None,
) -> Gate:
    """Check a policy against criteria, task by task, on samples that it was not fitted on.

    A verifier that the policy reads and that scores none of the answers fails the gate, too (`min_scored`).

    Args:
        samples: recorded and, except for rate and cost, labelled.
        policy: the policy to release.
        criteria: limits; `max_drop` needs a baseline.
        ladder: the ladder with its verifiers; None: rungs and verifiers of recordings and policy.
        baseline: an earlier policy, replayed on the same samples.
        confidence: of a pass, in (0, 1).
        verifiers: with no ladder, the verifiers to use instead of the policy's.
        prices: fills in costs that were not recorded.
        tasks: only these; None: all that the samples have.
        proxy: a verifier whose recorded scores give PPI++ estimates of the figures that need labels; these are
            reported, but never decide.
        sameness: whose sameness `max_disagreement` is about; None: the reader's.
        abstaining: tasks that give no answer where the last rung's was vetoed (`on_exhausted: abstain`).
        sample_key: of the policy's fingerprints of its samples; None: it cannot be told whether these are among them.
        allow_fitted: whether samples that the policy was fitted on may be tested.
        each: `tag.NAME`: every limit has to be met by the requests of every value of that tag, too.

    Raises:
        ConfigError: no criterion, a missing baseline, or a task without samples.
        PolicyMismatch: a policy does not fit the ladder.
        DataError: no sample can be judged, or the policy was fitted on some and that is not allowed.
    """
    _require_usable(criteria, baseline)
    grouped = {name: rows for name, rows in by_task(samples).items() if tasks is None or name in tasks}
    absent = [name for name in tasks or () if name not in grouped]
    unknown = [name for name in grouped if name not in policy.tasks]
    if absent or (unknown and tasks is not None):
        name, where = (absent[0], "no sample belongs to it") if absent else (unknown[0], "the policy does not have it")
        message = f"Task {name!r} cannot be checked: {where}."
        raise ConfigError(message)
    warnings = [f"Task {name!r} is not checked: the policy does not have it." for name in unknown]
    warnings += _unequal(grouped)
    known = {name: rows for name, rows in grouped.items() if name in policy.tasks}
    tag = None if each is None else tag_of(each)
    delta, count = 1.0 - confidence, len(criteria) * sum(1 + count_slices(rows, tag) for rows in known.values())
    findings: list[Finding] = []
    baselines: dict[str, Baseline] = {}
    dimensions = dict.fromkeys((None, *(criterion.dimension for criterion in criteria)))
    told = (sameness or Sameness()) if any(one.kind == "max_disagreement" for one in criteria) else None
    for name, rows in known.items():
        abstains = name in abstaining
        now = replay_task(
            name, rows, policy, ladder, verifiers, prices, dimensions, proxy, sameness=told, abstains=abstains
        )
        warnings += [] if told is None else other_sameness(name, policy.tasks[name], told)
        served = now[None].rows
        warnings += require_fresh(name, now[None].table, policy.tasks[name], sample_key, allow=allow_fitted)
        if any(criterion.kind in NEED_LABELS for criterion in criteria):
            require_unselective_samples(now[None].table, rows, needs="an accuracy or an error")
        baselines[name] = compare_replayed(now[None].table, served.index, served.correct, served.cost_usd)
        if served.n_skipped:
            warnings.append(f"Task {name!r}: {served.n_skipped} of {len(rows)} samples lack a recording; skipped.")
        before = (
            None if baseline is None else replay_task(name, rows, baseline, ladder, verifiers, prices, dimensions, None)
        )
        for criterion in criteria:
            seen = now[criterion.dimension]
            values, keep = _values(criterion, seen, None if before is None else before[criterion.dimension])
            target = _target(policy.tasks[name]) if criterion.kind == "escalation_tolerance" else None
            levels = {"delta": delta, "delta_fail": delta / count}
            found = judge_figure(name, criterion, values, seen.grouped(keep), target=target, **levels)
            if proxy is not None and criterion.kind in {"min_accuracy", "max_loss", "max_error"}:
                found = replace(found, sharpened=ppi_estimate(criterion, seen, proxy, delta=delta))
            findings.append(found)
            if tag is not None:
                slices = slices_of(rows, seen.rows.index[keep], tag)
                findings += judge_slices(name, criterion, values, seen.grouped(keep), slices, target=target, **levels)
        findings += _silent(name, policy, now[None], delta=delta, delta_fail=delta / count)
    if not any(finding.margin.n for finding in findings):
        message = "No sample can be checked; recordings of the policy's rungs, and labels for accuracy, were expected."
        raise DataError(message)
    return Gate(findings=tuple(findings), confidence=confidence, warnings=tuple(warnings), baselines=baselines)


def _require_usable(criteria: Sequence[Criterion], baseline: Policy | None) -> None:
    """Refuse limits that cannot be checked."""
    if not criteria:
        message = "The gate has nothing to check; give at least one limit, such as --min-accuracy 0.8."
        raise ConfigError(message)
    if baseline is None and any(criterion.kind == "max_drop" for criterion in criteria):
        message = "A limit on the drop is given without a baseline; give --baseline old.json."
        raise ConfigError(message)
    if any(criterion.kind == "min_scored" for criterion in criteria):
        message = "min_scored is no limit of yours: the gate itself adds it where a verifier has stopped scoring."
        raise ConfigError(message)


def _silent(task: str, policy: Policy, now: GateRows, *, delta: float, delta_fail: float) -> list[Finding]:
    """Return a failed finding for each verifier that the policy reads and that scores none of the answers."""
    found = []
    for rung, names in policy.ladder.verifiers.items():
        for name in names:
            use = now.use.get(rung, {}).get(name)
            n = 0 if use is None else use.computed + use.recorded
            if use is not None and use.abstained == n:
                criterion = Criterion("min_scored", LEAST_SCORED, f"{name} on {rung}")
                levels = {"delta": delta, "delta_fail": delta_fail}
                found.append(judge_figure(task, criterion, np.zeros(n), None, **levels))
    return [finding for finding in found if finding.outcome == "fail"]


def _values(criterion: Criterion, now: GateRows, before: GateRows | None) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the figure of each row that has it, and which rows of the replay these are."""
    rows = now.rows
    if criterion.kind == "max_drop" and before is not None:
        old = np.full(max(rows.index.max(initial=-1), before.rows.index.max(initial=-1)) + 1, np.nan)
        old[before.rows.index] = before.rows.correct
        values = old[rows.index] - rows.correct
    else:
        values = {
            "min_accuracy": rows.correct,
            "max_loss": np.where(now.harmless, 0.0, rows.correct_top - rows.correct),
            "max_error": np.where(rows.below > 0, 1.0 - rows.correct, np.nan),
            "max_cost": rows.cost_usd,
            "max_disagreement": rows.differs,
            "escalation_tolerance": rows.rate,
        }[criterion.kind]
    keep: NDArray[np.bool_] = ~np.isnan(values)
    if now.u is not None and criterion.kind in {"min_accuracy", "max_loss", "max_error", "max_drop"}:
        # Labels of unequal propensity are thinned to a uniform sample.
        known = now.harmless if criterion.kind == "max_loss" else np.zeros(len(keep), dtype=bool)
        keep = uniform_rows(np.where(known, 1.0, now.propensity), keep, now.u)
    return values[keep], keep


def _target(fitted: TaskPolicy) -> float:
    """Return the first rung's target rate; for other targets, its expected rate."""
    value = fitted.target.get("value")
    if fitted.target.get("kind") == "escalation_rate" and value is not None:
        return float(value[0] if isinstance(value, list) else value)
    expected = (fitted.measured.get("escalation_rate") or {}).get("expected")
    if expected is None:
        message = "The policy has no escalation rate, neither as target nor measured; leave out the tolerance."
        raise ConfigError(message)
    return float(expected)


def _unequal(grouped: dict[str, list[Sample]]) -> list[str]:
    return [
        f"Task {name!r}: samples were chosen with unequal probabilities (`propensity`): their labels are thinned to a "
        "uniform sample."
        for name, rows in grouped.items()
        if len({sample.propensity for sample in rows}) > 1
    ]
