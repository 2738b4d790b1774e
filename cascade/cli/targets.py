"""The target of every task: from the command line for all of them, or each task's own from the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.target import Aim, Together
    from cascade.config import Config


def parse_target(
    *, escalation: str | None, cost: float | None, loss: float | None, error: float | None
) -> Aim | Together | None:
    """Return what the command line asks for; several aims are to be kept together, and None is nothing.

    Raises:
        ConfigError: a value is out of range.
    """
    from calibration.target import EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together

    aims: list[Aim] = []
    if escalation is not None:
        aims.append(EscalationRate([_rate(part) for part in escalation.split(",")]))
    if cost is not None:
        aims.append(MeanCost(cost))
    if loss is not None:
        aims.append(ExpectedLoss(loss))
    if error is not None:
        aims.append(ExpectedError(error))
    if not aims:
        return None
    return aims[0] if len(aims) == 1 else Together(*aims)


def target_by_task(
    asked: Aim | Together | None, config: Config | None, present: set[str], wanted: list[str] | None
) -> dict[str, Aim | Together]:
    """Return the target of every task that is to be fitted.

    Raises:
        ConfigError: a task has no samples, or no target.
    """
    from calibration.target import EscalationRate

    tasks = sorted(present) if wanted is None else wanted
    for name in tasks:
        if name not in present:
            message = f"No sample belongs to task {name!r}; the samples have {', '.join(sorted(present))}."
            raise ConfigError(message)
    if asked is not None:
        return dict.fromkeys(tasks, asked)
    found: dict[str, Aim | Together] = {}
    for name in tasks:
        configured = None if config is None else config.targets.get(name)
        if configured is None:
            message = (
                f"No target for task {name!r}; give --target-escalation 0.25 (or --target-cost, --target-loss, "
                "--target-error), or the task a `target` in the configuration."
            )
            raise ConfigError(message)
        found[name] = EscalationRate(configured)
    return found


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"--target-escalation has {text!r}; a number from 0 to 1 was expected (0.25 is a quarter)."
        raise ConfigError(message) from None
