"""Gate rows: one task's samples replayed under a policy, with groups, labels and a proxy's scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.gate.replays import Rows, apply, policy_ladder
from calibration.samples.columns import VerifierUse
from calibration.samples.sameness import Sameness, match_reference, repeat_reference
from calibration.samples.table import Table, lay_out
from calibration.stats.margin import Groups
from cascade.errors import ConfigError
from cascade.labelling.annotation import CORRECT, label_in
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.samples.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRows:
    """One task's replayed rows, with the further columns that a gate needs."""

    rows: Rows
    """The policy's decisions."""

    groups: Groups
    """The rows' groups (n)."""

    propensity: Floats
    """Propensity of each row to be chosen for labelling, (n,)."""

    u: Floats | None
    """Hashed choices that thin labels to a uniform sample, (n,); None if all propensities are equal."""

    harmless: Flags
    """Rows without loss, labelled or not: the reference answered, or the answer equals the reference's."""

    scores: Floats | None
    """The proxy's scores, (n, K) by the policy's rungs; None without a proxy."""

    use: Mapping[str, Mapping[str, VerifierUse]]
    """Counts of the samples' verdicts, by rung and verifier."""

    table: Table
    """All rows of the task as arrays, with the labels of this dimension."""

    def grouped(self, keep: NDArray[np.bool_]) -> Groups | None:
        """Return the groups of the rows in `keep` (n,); None without groups."""
        found = [self.groups[int(i)] for i in np.flatnonzero(keep)]
        return found if any(found) else None


def replay_task(
    name: str,
    samples: Sequence[Sample],
    policy: Policy,
    ladder: Ladder | None,
    verifiers: Sequence[Any] | None,
    prices: PriceBook | None,
    dimensions: Iterable[str | None],
    proxy: str | None,
    *,
    sameness: Sameness | None = None,
    abstains: bool = False,
) -> dict[str | None, GateRows]:
    """Replay a policy on one task; returns rows by label dimension.

    `sameness` compares answers with the reference's; None: none is compared. `abstains`: see `replays.apply`.
    """
    if name not in policy.tasks:
        message = f"The baseline policy does not have task {name!r}; it has {', '.join(policy.tasks)}."
        raise ConfigError(message)
    judging = resolve(ladder) if ladder is not None else policy_ladder(samples, policy, verifiers)
    if ladder is not None:
        policy.require(judging)
    laid = lay_out(name, samples, judging, prices=prices, learned=policy.learned)
    told = None if sameness is None else [sameness.with_reference(sample, laid.rungs) for sample in samples]
    same = None if told is None else np.array([[one is True for one in row] for row in told], dtype=np.bool_)
    found = {}
    for dimension in dimensions:
        seen = laid if dimension is None else laid.relabelled(_labels(samples, laid.rungs, dimension))
        rows = apply(
            seen, policy.tasks[name], salt=policy.salt, rungs=policy.ladder.rungs, same=same, abstains=abstains
        )
        propensity = np.array([samples[int(i)].propensity for i in rows.index])
        thinned = propensity.size > 0 and bool(np.ptp(propensity) > 0.0)
        found[dimension] = GateRows(
            rows=rows,
            groups=tuple(laid.groups[i] for i in rows.index),
            propensity=propensity,
            u=laid.u("", salt=policy.salt, purpose="uniform-labels")[rows.index] if thinned else None,
            harmless=_harmless(samples, rows, policy.ladder.rungs, policy.tasks[name].reference, dimension),
            scores=None if proxy is None else _scores(samples, policy.ladder.rungs, proxy)[rows.index],
            use=laid.use,
            table=seen,
        )
    return found


def _scores(samples: Sequence[Sample], rungs: Sequence[str], proxy: str) -> Floats:
    """Return a verifier's recorded scores, (n, K), 0 where it vetoed; NaN if absent."""
    found = np.full((len(samples), len(rungs)), np.nan)
    for i, sample in enumerate(samples):
        for k, rung in enumerate(rungs):
            verdict = sample.recordings[rung].verdicts.get(proxy) if rung in sample.recordings else None
            if verdict is not None and (verdict.veto or verdict.score is not None):
                found[i, k] = 0.0 if verdict.veto else float(verdict.score or 0.0)
    if np.isnan(found).all():
        message = f"No sample has a recorded score of {proxy!r}; --proxy expects a judge with recorded verdicts."
        raise ConfigError(message)
    return found


def _labels(samples: Sequence[Sample], rungs: Sequence[str], dimension: str) -> Floats:
    """Return the labels in one dimension, (n, K); NaN if absent."""
    recordings = ([sample.recordings.get(rung) for rung in rungs] for sample in samples)
    known = [[None if one is None else label_in(one, dimension) for one in row] for row in recordings]
    return np.array([[np.nan if value is None else value for value in row] for row in known])


def served_by(rows: Rows) -> NDArray[np.intp]:
    """Return the column, among the policy's rungs, of the served answer, (n,)."""
    return np.asarray(rows.reach.shape[1] - 1 - np.argmax(rows.reach[:, ::-1] > 0, axis=1))


def _harmless(
    samples: Sequence[Sample], rows: Rows, rungs: Sequence[str], reference: str, dimension: str | None
) -> Flags:
    """Return which rows have no loss, (n,); in dimensions other than `correct` only identical answers count."""
    alike = match_reference if dimension in {None, CORRECT} else repeat_reference
    order = (*(rung for rung in rungs if rung != reference), reference)
    found = np.zeros(len(rows.index), dtype=bool)
    for row, (i, column) in enumerate(zip(rows.index, served_by(rows), strict=True)):
        same = alike(samples[int(i)], order)
        found[row] = rungs[int(column)] == reference or same[order.index(rungs[int(column)])]
    return found
