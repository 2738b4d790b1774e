"""Warnings of a fit: too few labels for the features, shared groups, and policies that cost more than the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calibration.samples.copies import count_copies
from calibration.samples.table import Table
from cascade.stats.influence import independent

PER_FEATURE = 10
"""Labels per feature below which a combiner overfits (Peduzzi et al. 1996, J Clin Epidemiol 49)."""


def warn_scarcity(table: Table) -> tuple[str, ...]:
    """Return a warning for every rung below the top with fewer than about 10 labels for each feature that varies."""
    found: list[str] = []
    for k, rung in enumerate(table.rungs[:-1]):
        labels, varying = _labels_and_features(table, k)
        if is_scarce(table, k):
            found.append(
                f"Rung {rung}: {labels} labels for {varying} features; about {PER_FEATURE * varying} would be enough, "
                "or fewer verifiers (`cascade assess` says what each is worth). Until then the rate is "
                "uncertain, and its interval wide."
            )
    return tuple(found)


def is_scarce(table: Table, k: int, *, per_feature: int = PER_FEATURE) -> bool:
    """Return whether rung k has labels, and fewer than so many for each feature that varies."""
    labels, varying = _labels_and_features(table, k)
    return 0 < labels < per_feature * varying


def _labels_and_features(table: Table, k: int) -> tuple[int, int]:
    known = table.present[:, k] & ~table.vetoed[:, k] & ~np.isnan(table.correct[:, k])
    rows = table.rows[table.rungs[k]][known]
    varying = sum(bool(np.unique(column[~np.isnan(column)]).size > 1) for column in rows.T) if known.any() else 0
    return int(known.sum()), varying


def warn_one_class(table: Table) -> tuple[str, ...]:
    """Return a sentence for every rung below the top whose labels are all right, or all wrong."""
    found: list[str] = []
    for k, rung in enumerate(table.rungs[:-1]):
        known = table.correct[table.present[:, k] & ~np.isnan(table.correct[:, k]), k]
        if known.size and known.min() == known.max() in {0.0, 1.0}:
            what, confidence = (
                ("right", (known.size + 1) / (known.size + 2)) if known[0] else ("wrong", 1 / (known.size + 2))
            )
            found.append(
                f"Rung {rung}: all {known.size:,} labels are {what}, so its confidence is constant, {confidence:.1%}: "
                "no verifier could be weighed, and none can tell which of its answers to escalate."
            )
    return tuple(found)


def warn_sharing(table: Table) -> tuple[str, ...]:
    """Return a warning if rows share groups or contents, which lowers the effective sample size."""
    found: list[str] = []
    rows, contents = count_copies(table.groups)
    if rows:
        found.append(
            f"{rows:,} samples are copies of {contents:,} requests, by content: copies are one group and count once as "
            "evidence. Near-copies are not seen. Samples with a `group` of their own are taken as independent."
        )
    count = independent(len(table), table.groups)
    if count < len(table) - (rows - contents):
        found.append(
            f"{len(table)} samples share {count} groups: folds keep groups whole, and intervals count what is "
            "independent."
        )
    return tuple(found)


def warn_waste(measured: Mapping[str, Any], reference: str) -> tuple[str, ...]:
    """Return a warning if the policy costs more than always asking the reference."""
    share = measured["cost_vs_top"]
    if share is None or share <= 1.0:
        return ()
    sentence = (
        f"It costs {share:.1%} of always asking {reference}: answers and verifiers below cost more than they save. "
        "Leave out dear verifiers or rungs (`--verifiers`, `--choose-rungs`), or ask that model alone "
        "(`cascade assess`)."
    )
    return (sentence,)
