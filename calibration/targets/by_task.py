"""Targets by task: one for all tasks, or each task's own from the configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from calibration.targets.bound import CONFIDENCE, Bound, Jointly, MaxDisagreement, MaxError, MaxLoss
from calibration.targets.target import Aim, Best, EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together
from cascade.errors import ConfigError

Target: TypeAlias = Aim | Together | Bound | MaxDisagreement | Jointly
"""A target of calibrate: an aim, several aims, a bound, or several bounds."""

FLAGS = {
    "escalation_rate": "--target-escalation",
    "mean_cost_usd": "--target-cost",
    "expected_loss": "--target-loss",
    "expected_error": "--target-error",
    "best": "--target best",
    "max_loss": "--max-loss",
    "max_error": "--max-error",
    "max_disagreement": "--max-disagreement",
}
"""The option of `cascade calibrate` for every kind of target."""


def make_target(figures: Mapping[str, Any]) -> Target | None:
    """Return the target of given figures by kind; several aims or bounds hold together; None if no figure is given.

    A bound's figure may be a mapping of dimensions of the labels (None: `correct` as it stands) to limits.

    Raises:
        ConfigError: a value is out of range, or a bound stands beside an aim.
    """
    given = {
        kind: value
        for kind, value in figures.items()
        if value is not None and value is not False and kind != "confidence"
    }
    kinds = [kind for kind in ("max_loss", "max_error") if kind in given]
    if kinds and len(kinds) < len(given):
        named = ", ".join(FLAGS[kind] for kind in given)
        message = f"{named} are combined; only bounds, or only aims, were expected. Leave out one kind."
        if set(given) - set(kinds) == {"escalation_rate"}:
            message += " A bound goes with a greatest rate: --max-escalation."
        raise ConfigError(message)
    confidence = figures.get("confidence")
    if "max_disagreement" in given:
        if len(given) > 1:
            named = ", ".join(FLAGS[kind] for kind in given)
            message = (
                f"{named} are combined; --max-disagreement was expected alone: it is certified without labels, on rows "
                "of its own. Certify one, and measure the other with `cascade check`."
            )
            raise ConfigError(message)
        return MaxDisagreement(given["max_disagreement"], CONFIDENCE if confidence is None else confidence)
    if kinds:
        sure = CONFIDENCE if confidence is None else confidence
        bounds: list[MaxLoss | MaxError] = []
        for kind in kinds:
            bound = MaxLoss if kind == "max_loss" else MaxError
            limits = given[kind] if isinstance(given[kind], Mapping) else {None: given[kind]}
            bounds += [bound(limit, sure, name) for name, limit in limits.items()]
        return bounds[0] if len(bounds) == 1 else Jointly(*bounds)
    if confidence is not None:
        message = (
            "--confidence is given without a bound; use it with --max-loss, --max-error or --max-disagreement (an aim "
            "has none)."
        )
        raise ConfigError(message)
    aimed: dict[str, Any] = {
        "escalation_rate": EscalationRate,
        "mean_cost_usd": MeanCost,
        "expected_loss": ExpectedLoss,
        "expected_error": ExpectedError,
    }
    if "best" in given and len(given) > 1:
        message = (
            f"{', '.join(FLAGS[kind] for kind in given)} are combined; --target best was expected alone: it has the "
            "reference's cost as its limit. For another limit give --target-cost alone."
        )
        raise ConfigError(message)
    aims: list[Aim] = [Best() if kind == "best" else aimed[kind](value) for kind, value in given.items()]
    if not aims:
        return None
    return aims[0] if len(aims) == 1 else Together(*aims)


def target_by_task(
    asked: Target | None,
    configured: Mapping[str, Mapping[str, Any]],
    present: Collection[str],
    wanted: Sequence[str] | None,
) -> dict[str, Target]:
    """Return the target of every task that is to be fitted.

    Args:
        asked: the target of all tasks; None: each task's own.
        configured: the figures of each task's own target, by task and kind.
        present: tasks that have samples.
        wanted: only these; None: all.

    Raises:
        ConfigError: a task has no samples, or no target.
    """
    tasks = sorted(present) if wanted is None else wanted
    for name in tasks:
        if name not in present:
            message = f"No sample belongs to task {name!r}; the samples have {', '.join(sorted(present))}."
            raise ConfigError(message)
    if asked is not None:
        return dict.fromkeys(tasks, asked)
    found: dict[str, Target] = {}
    for name in tasks:
        own = make_target(configured.get(name, {}))
        if own is None:
            others = ", ".join(list(FLAGS.values())[1:])
            message = (
                f"No target for task {name!r}; give --target-escalation 0.25 (or one of {others}; in Python, "
                "target=EscalationRate(0.25)), or the task a `target` in the configuration."
            )
            raise ConfigError(message)
        found[name] = own
    return found
