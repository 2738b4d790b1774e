"""Rate limit: a policy's escalation rate beside its bound or aim; both hold, or the conflict is shown."""

from __future__ import annotations

from dataclasses import replace

from cascade.display.numbers import percent
from cascade.display.policy import asked
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import Policy, TaskPolicy


def limit_rate(policy: Policy, most: float) -> Policy:
    """Return the policy, with the limit in its targets, if every task keeps it.

    Of the policies that keep a bound or an aim, the one that serves escalates least, so none that keeps both is missed.
    The limit is on the expected escalation rate of the first rung asked; a task that the reference serves alone has 1.

    Args:
        policy: the fitted policy.
        most: greatest escalation rate, in [0, 1].

    Raises:
        ConfigError: the limit is not in [0, 1].
        DataError: a task escalates more; the message says at which rate its bound or aim can be kept.
    """
    if not 0.0 <= most <= 1.0:
        message = f"The greatest escalation rate is {most!r}; a number in [0, 1] was expected."
        raise ConfigError(message)
    conflicts = [said for name, task in policy.tasks.items() if (said := _conflict(name, task, most)) is not None]
    if conflicts:
        raise DataError(" ".join(conflicts))
    tasks = {name: replace(task, target={**task.target, "max_escalation": most}) for name, task in policy.tasks.items()}
    return replace(policy, tasks=tasks)


def _conflict(name: str, task: TaskPolicy, most: float) -> str | None:
    """Return how a task's own target conflicts with a greatest escalation rate; None if it keeps it."""
    what = (
        f"Task {name!r}: {asked(task.target)} and an escalation rate of at most {percent(most)} cannot be had together"
    )
    if all(point.rungs == (task.reference,) for point in task.points):
        if most >= 1.0:
            return None
        why = task.why or f"only {task.reference} alone, which every request goes to, keeps it."
        return f"{what}: {why}"
    rate = task.measured["escalation_rate"]
    if rate["expected"] is None or rate["expected"] <= most:
        return None
    between = "" if rate["low"] is None else f" ({percent(rate['low'])} to {percent(rate['high'])})"
    return (
        f"{what}: alone it needs {percent(rate['expected'])}{between}. Allow that rate, a wider bound, or use better "
        "verifiers; more labels help where the bound is the narrow one."
    )
