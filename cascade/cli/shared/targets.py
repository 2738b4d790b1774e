"""The target of every task: from the command line for all of them, or each task's own from the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.fit.fit import Target
    from calibration.targets.target import Aim
    from cascade.config import Config

FLAGS = {
    "escalation_rate": "--target-escalation",
    "mean_cost_usd": "--target-cost",
    "expected_loss": "--target-loss",
    "expected_error": "--target-error",
    "max_loss": "--max-loss",
    "max_error": "--max-error",
}
"""The flag of every kind of target."""


def make_target(figures: Mapping[str, Any]) -> Target | None:
    """Return the target that figures by kind ask for; several aims or bounds are to be kept together, None is nothing.

    A bound's figure may be a mapping of dimensions of the labels (None: `correct` as it stands) to limits.

    Raises:
        ConfigError: a value is out of range, or a bound stands beside an aim.
    """
    from calibration.targets.bound import CONFIDENCE, Jointly, MaxError, MaxLoss
    from calibration.targets.target import EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together

    given = {kind: value for kind, value in figures.items() if value is not None and kind != "confidence"}
    kinds = [kind for kind in ("max_loss", "max_error") if kind in given]
    if kinds and len(kinds) < len(given):
        named = ", ".join(FLAGS[kind] for kind in given)
        message = f"{named} stand together; certified bounds stand among themselves, or aims are combined without them."
        raise ConfigError(message)
    confidence = figures.get("confidence")
    if kinds:
        sure = CONFIDENCE if confidence is None else confidence
        bounds: list[MaxLoss | MaxError] = []
        for kind in kinds:
            bound = MaxLoss if kind == "max_loss" else MaxError
            limits = given[kind] if isinstance(given[kind], Mapping) else {None: given[kind]}
            bounds += [bound(limit, sure, name) for name, limit in limits.items()]
        return bounds[0] if len(bounds) == 1 else Jointly(*bounds)
    if confidence is not None:
        message = "--confidence goes with --max-loss or --max-error; an aim has none, since nothing certifies it."
        raise ConfigError(message)
    aimed: dict[str, Any] = {
        "escalation_rate": EscalationRate,
        "mean_cost_usd": MeanCost,
        "expected_loss": ExpectedLoss,
        "expected_error": ExpectedError,
    }
    aims: list[Aim] = [aimed[kind](value) for kind, value in given.items()]
    if not aims:
        return None
    return aims[0] if len(aims) == 1 else Together(*aims)


def target_by_task(
    asked: Target | None, config: Config | None, present: set[str], wanted: list[str] | None
) -> dict[str, Target]:
    """Return the target of every task that is to be fitted.

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
        configured = None if config is None else make_target(config.targets.get(name, {}))
        if configured is None:
            others = ", ".join(list(FLAGS.values())[1:])
            message = (
                f"No target for task {name!r}; give --target-escalation 0.25 (or one of {others}), or the task a "
                "`target` in the configuration."
            )
            raise ConfigError(message)
        found[name] = configured
    return found


def parse_rates(text: str | None) -> list[float] | None:
    """Return the rates of --target-escalation.

    Raises:
        ConfigError: one is no number.
    """
    parts = [] if text is None else text.split(",")
    return [_number(part, "--target-escalation", "0.25 is a quarter") for part in parts] or None


def parse_bounds(settings: Sequence[str] | None, flag: str) -> dict[str | None, float] | None:
    """Return the limits of a bound that may be given several times, by dimension: 0.02, or tone=0.05.

    Raises:
        ConfigError: one is no number, or a dimension is named twice.
    """
    found: dict[str | None, float] = {}
    for setting in settings or ():
        name, equals, value = setting.rpartition("=")
        dimension = name if equals else None
        if dimension in found:
            message = f"{flag} names {dimension or 'no dimension'} twice; each dimension was expected once."
            raise ConfigError(message)
        found[dimension] = _number(value, flag, "0.02, or tone=0.05 for one dimension of the labels")
    return found or None


def parse_dial(settings: Sequence[str]) -> dict[str, Target]:
    """Return the operating points of --dial NAME=KIND:VALUE, such as strict=max-loss:0.01.

    Raises:
        ConfigError: one is not of that form, or its kind is unknown.
    """
    dial: dict[str, Target] = {}
    for setting in settings:
        name, _, rest = setting.partition("=")
        kind, _, value = rest.partition(":")
        kind = kind.replace("-", "_")
        if not name or kind not in FLAGS or not value or name in dial:
            kinds = ", ".join(found.replace("_", "-") for found in FLAGS)
            message = f"--dial has {setting!r}; NAME=KIND:VALUE was expected, each name once, with KIND among {kinds}."
            raise ConfigError(message)
        bounded = kind in ("max_loss", "max_error")
        figure = parse_bounds([value], "--dial") if bounded else _number(value, "--dial", "as in strict=max-loss:0.01")
        target = make_target({kind: figure})
        assert target is not None  # noqa: S101 - one kind was given
        dial[name] = target
    return dial


def _number(text: str, flag: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"{flag} has {text!r}; a number from 0 to 1 was expected ({example})."
        raise ConfigError(message) from None
