"""Added latency: what a request waits on its way up a ladder, less what the top alone takes, by recorded latencies.

The 95 % quantile of a random mix of policies is no mean of theirs, but the share of requests that wait longer than some
limit is. So a limit on the quantile is held as a limit on that share: it is kept by every mix of policies that keep it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.arrays import Floats
from calibration.samples.table import Table
from cascade.errors import ConfigError, DataError

MOST_SLOW = 0.05
"""Greatest share of requests that may wait longer than a limit on the 95 % quantile."""

ENOUGH = 20
"""Least rows with the latency of every rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedLatency:
    """Latency added against always asking the top, in seconds; below 0 where the policy answers sooner."""

    n: int
    """Rows with the latencies that it takes to tell."""

    p50_s: float
    """Median of the added latency of a request."""

    p95_s: float
    """Its 95 % quantile."""

    def to_json(self) -> dict[str, float]:
        """Return plain JSON."""
        return {"n": self.n, "p50_s": self.p50_s, "p95_s": self.p95_s}


def waits_s(table: Table) -> Floats:
    """Return the time until each rung of a ladder has answered and was verified, in seconds, (n, K); NaN if not known.

    Rungs answer one after another. A single rung runs no verifiers.
    """
    spent = table.answer_s + (table.verifier_s if len(table.rungs) > 1 else 0.0)
    return np.asarray(np.cumsum(spent, axis=1))


def measure_added(added_s: Sequence[Floats], weights: Sequence[float]) -> AddedLatency | None:
    """Return the quantiles of the latency added by a random mix of policies; None with fewer than `ENOUGH` rows.

    Args:
        added_s: of each policy, (n,); NaN where not known, or where the row cannot be replayed.
        weights: the policies' shares; they sum to 1.
    """
    known = ~np.isnan(np.sum(added_s, axis=0))
    n = int(known.sum())
    if n < ENOUGH:
        return None
    values = np.concatenate([one[known] for one in added_s])
    shares = np.repeat(np.asarray(weights) / n, n)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(shares[order])
    p50, p95 = (float(values[order][min(int(np.searchsorted(reached, q - 1e-9)), len(order) - 1)]) for q in (0.5, 0.95))
    return AddedLatency(n=n, p50_s=p50, p95_s=p95)


def limited(table: Table, most_s: float | None) -> Table:
    """Return the table with a limit on the latency that a policy may add at the 95 % quantile, in seconds.

    Raises:
        ConfigError: the limit is not a number of at least 0.
        DataError: too few rows have the latency of every rung.
    """
    if most_s is None:
        return table
    if isinstance(most_s, bool) or not isinstance(most_s, int | float) or not 0.0 <= most_s < math.inf:
        message = f"The greatest latency added at p95 is {most_s!r}; seconds were expected, 0 or more."
        raise ConfigError(message)
    require_latencies(table)
    return replace(table, max_added_p95_s=float(most_s))


def require_latencies(table: Table) -> None:
    """Check that the rows tell what a policy adds.

    Raises:
        DataError: fewer than `ENOUGH` have the latency of every rung.
    """
    known = int((~np.isnan(table.answer_s).any(axis=1)).sum())
    if known < ENOUGH:
        message = (
            f"Task {table.task!r}: {known} of {len(table)} samples have the latency (`latency_s`) of every rung, at "
            f"least {ENOUGH} were expected to tell what a policy adds; record it (`cascade explore`), or leave out "
            "--max-added-p95."
        )
        raise DataError(message)
