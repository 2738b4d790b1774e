"""Latency limit: the latency that a policy adds at p95, beside its bound or aim; kept on the samples, or said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cascade.display.numbers import duration
from cascade.display.policy import asked
from cascade.errors import DataError
from cascade.policy.policy import Policy, TaskPolicy

TOLERANCE_S = 1e-9


def limit_latency(policy: Policy, most_s: float) -> Policy:
    """Return the policy, with the limit in its targets.

    Policies on a path were chosen within the limit already. Where the target alone decides (a rate, pooled thresholds,
    a cold start), they may break it, and are refused. A certified policy was chosen on the samples to learn from; what
    it adds on those that certify is an estimate, and said where it is more.

    Args:
        policy: the fitted policy.
        most_s: greatest latency added at the 95 % quantile, in seconds.

    Raises:
        DataError: a policy adds more, or its samples do not tell.
    """
    tasks = {}
    for name, task in policy.tasks.items():
        dial = {quality: _held(f"{name}, quality {quality}", point, most_s) for quality, point in task.dial.items()}
        tasks[name] = replace(_held(name, task, most_s), dial=dial)
    return replace(policy, tasks=tasks)


def _held(name: str, task: TaskPolicy, most_s: float) -> TaskPolicy:
    held = replace(task, target={**task.target, "max_added_p95_s": most_s})
    if all(point.rungs == (task.reference,) for point in task.points):
        return held
    added: Mapping[str, Any] | None = task.measured["added_latency"]
    what = f"{asked(task.target)} and at most {duration(most_s)} added at p95"
    if added is None:
        message = (
            f"Task {name!r}: {what} cannot be held together, since too few of its samples have latencies "
            "(`latency_s`); record some (`cascade explore`)."
        )
        raise DataError(message)
    if added["p95_s"] <= most_s + TOLERANCE_S:
        return held
    if task.certified is None:
        message = (
            f"Task {name!r}: {what} cannot be had together: alone it adds {duration(added['p95_s'])}. Allow that, or "
            "another target."
        )
        raise DataError(message)
    found = f"On the {added['n']:,} samples that certify it adds {duration(added['p95_s'])} at p95"
    warning = f"{found}, more than the {duration(most_s)} within which it was chosen on the others: an estimate."
    return replace(held, measured={**held.measured, "warnings": [*held.measured["warnings"], warning]})
