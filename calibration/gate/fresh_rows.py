"""Fresh rows: a gate tests a policy on samples that it was not fitted on, as far as their contents tell."""

from __future__ import annotations

from calibration.samples.table import Table
from cascade.errors import DataError
from cascade.policy.policy import TaskPolicy
from cascade.policy.sample_print import FALSE_HITS

CHANCE = 1e-3
"""Probability that fresh samples are taken for fitted ones."""


def require_fresh(name: str, table: Table, task: TaskPolicy, key: bytes | None, *, allow: bool) -> list[str]:
    """Return warnings on samples that a task's policy was fitted on.

    Args:
        name: the task.
        table: its samples.
        task: its policy.
        key: of the policy's fingerprints; None: there is none here.
        allow: whether such samples may be tested.

    Raises:
        DataError: there are some, and they may not.
        ConfigError: the key is another one.
    """
    if task.fitted_on is None or table.contents is None:
        return []
    if key is None:
        sentence = (
            f"Task {name!r}: whether the policy was fitted on these samples cannot be told: the key of its samples is "
            "not here (the policy's file name and .samples-key, or CASCADE_SAMPLES_KEY)."
        )
        return [sentence]
    from scipy.stats import binom

    hits, told = task.fitted_on.find(dict.fromkeys(table.contents.tolist()), key)
    if hits <= binom.ppf(1.0 - CHANCE, told, FALSE_HITS):
        return []
    found = f"Task {name!r}: the policy was fitted on {hits:,} of these {told:,} requests"
    if allow:
        return [f"{found}: on its own rows a policy looks better than it is."]
    message = (
        f"{found}, by their content; samples that it was not fitted on were expected, since on its own rows a policy "
        "looks better than it is. Test on others, or give --allow-fitted to test on these all the same."
    )
    raise DataError(message)
