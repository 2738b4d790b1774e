"""Replay of an operating point on a table: the answers it would serve, for all rows at once, exactly as climb()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.added_latency import waits_s
from calibration.samples.copies import is_copy
from calibration.samples.table import Table
from calibration.stats.rate import escalates, fit_threshold
from cascade.policy.combiner import Combiner
from cascade.policy.features import EARLIER
from cascade.policy.operating_point import OperatingPoint, Threshold

CACHED_S = 300.0
"""Seconds for which a provider's prompt cache holds a prompt: the shortest of those that providers name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Decisions of an operating point on n rows and its own k rungs."""

    table: Table
    """The rows on the point's rungs; its columns are the point's."""

    confidence: Floats
    """Confidences, (n, k); 0 where vetoed, NaN where not recorded and for the last rung."""

    reached: Flags
    """Whether the rung was asked, (n, k)."""

    escalated: Flags
    """Whether its answer was escalated for quality, (n, k)."""

    complete: Flags
    """Whether every reached rung was recorded, (n,); other rows cannot be judged."""

    @property
    def answered(self) -> NDArray[np.intp]:
        """Index, among the point's rungs, of the rung that answered, (n,); undefined where not complete."""
        return np.asarray(np.argmax(self.reached & ~self.escalated, axis=1), dtype=np.intp)

    @property
    def correct(self) -> Floats:
        """Correctness of the served answer, (n,); NaN where not labelled, or not complete."""
        found = np.take_along_axis(self.table.correct, self.answered[:, None], axis=1)[:, 0]
        return np.where(self.complete, found, np.nan)

    @property
    def verifier_usd(self) -> Floats:
        """Cost of the reached rungs' verdicts, (n,); 0 for a single rung, which pays for none."""
        if len(self.table.rungs) == 1:
            return np.zeros(len(self.table))
        return np.asarray(np.where(self.reached, self.table.verifier_usd, 0.0).sum(axis=1))

    @property
    def cost_usd(self) -> Floats:
        """Cost of the reached rungs' answers and verdicts, (n,); NaN where not known.

        What a rung answers after another counts as not cached, unless its session asked that rung within `CACHED_S`
        seconds before: a recording, made of every request of a session, found a prompt in the cache that a rung asked
        now and then does not.
        """
        more = np.where(self.reached & ~self._warm, self.table.uncached_usd, 0.0)[:, 1:].sum(axis=1)
        return np.asarray(self.cached_usd + more)

    @property
    def _warm(self) -> Flags:
        """Whether a rung's prompt cache still holds what the session asked of it, (n, k); False where no time is known.

        Where no recording was cached it makes no difference, and is not looked at.
        """
        table = self.table
        warm = np.zeros(self.reached.shape, dtype=bool)
        if table.at_s is None or not table.uncached_usd.any():
            return warm
        alone = np.array([group is None or is_copy(group) for group in table.groups])
        _, session = np.unique([group or "" for group in table.groups], return_inverse=True)
        for k in range(1, len(table.rungs)):
            asked = np.flatnonzero(self.reached[:, k] & ~alone & ~np.isnan(table.at_s))
            asked = asked[np.lexsort((table.at_s[asked], session[asked]))]
            same = session[asked[1:]] == session[asked[:-1]]
            warm[asked[1:], k] = same & (np.diff(table.at_s[asked]) <= CACHED_S)
        return warm

    @property
    def cached_usd(self) -> Floats:
        """The same with every answer as it was recorded, from the prompt cache or not, (n,)."""
        return np.asarray(np.where(self.reached, self.table.answer_usd, 0.0).sum(axis=1)) + self.verifier_usd

    @property
    def wait_s(self) -> Floats:
        """Time until the served answer was there and verified, in seconds, (n,); NaN where not known."""
        found = np.take_along_axis(waits_s(self.table), self.answered[:, None], axis=1)[:, 0]
        return np.asarray(np.where(self.complete, found, np.nan))


def apply_point(
    table: Table, point: OperatingPoint, *, salt: str, known: dict[tuple[str, ...], Floats] | None = None
) -> Replayed:
    """Apply a point to every row of a table; the hashed choices are those of live requests with these ids.

    `known` caches confidences by context, for several points that share their combiners.
    """
    part = table.on(point.rungs)
    held = {} if known is None else known
    found: list[Floats] = []
    earlier: dict[str, Floats] = {}
    for k, name in enumerate(point.rungs):
        key = point.rungs[: k + 1]
        if k + 1 == len(point.rungs):
            found.append(np.full(len(part), np.nan))  # the last rung's confidence decides nothing
            break
        if key not in held:
            held[key] = confidences(part, name, point.combiners.get(name), earlier)
        earlier[name] = held[key]
        found.append(held[key])
    return _climbed(part, found, point.thresholds, salt=salt)


def apply_out_of_fold(
    table: Table, rungs: Sequence[str], rates: Sequence[float | None], held_out: Mapping[str, Floats], *, salt: str
) -> Replayed:
    """Apply escalation rates to out-of-fold confidences, so that no row is ranked by a fit that saw its label.

    For estimates that use labels. A policy never serves by such confidences (docs/calibration.md, "The formulas").
    """
    part = table.on(rungs)
    found = [held_out[rung] for rung in rungs[:-1]]
    live: Flags = np.all(part.present, axis=1)
    thresholds: list[Threshold] = []
    for k, rung in enumerate(rungs[:-1]):
        t, g = (0.0, 0.0)
        if live.any():
            t, g = fit_threshold(found[k][live], float(rates[k] or 0.0), vetoed=part.forced[live, k])
        thresholds.append(Threshold(t=t, g=g))
        live = live & goes_up(part, rung, found[k], thresholds[-1], salt=salt)
    return _climbed(part, [*found, np.full(len(part), np.nan)], thresholds, salt=salt)


def _climbed(part: Table, found: Sequence[Floats], thresholds: Sequence[Threshold], *, salt: str) -> Replayed:
    """Return the decisions of thresholds on the confidences (n,) of each rung."""
    shape = (len(part), len(part.rungs))
    reached, escalated = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    complete, live = np.ones(len(part), dtype=bool), np.ones(len(part), dtype=bool)
    for k, name in enumerate(part.rungs):
        reached[:, k] = live
        complete &= ~live | part.present[:, k]
        if k + 1 < len(part.rungs):
            live = live & goes_up(part, name, found[k], thresholds[k], salt=salt)
            escalated[:, k] = live
    return Replayed(
        table=part, confidence=np.column_stack(found), reached=reached, escalated=escalated, complete=complete
    )


def goes_up(table: Table, rung: str, confidence: Floats, threshold: Threshold, *, salt: str) -> Flags:
    """Return which rows a rung escalates, (n,)."""
    # u only breaks ties, and hashing a million ids is slow: hash only rows at the threshold.
    tied = np.flatnonzero(confidence == threshold.t)
    u = np.zeros(len(table))
    if tied.size and 0.0 < threshold.g < 1.0:
        u[tied] = table.take(tied).u(rung, salt=salt)
    held = np.where(np.isnan(confidence), 0.0, confidence)
    return escalates(held, u, threshold.t, threshold.g, vetoed=table.forced[:, table.rungs.index(rung)])


def confidences(table: Table, rung: str, combiner: Combiner | None, earlier: Mapping[str, Floats]) -> Floats:
    """Return a rung's confidences as served, (n,): 0 where vetoed, NaN where not recorded or without a combiner."""
    column = table.rungs.index(rung)
    if combiner is None:
        found = np.full(len(table), np.nan)
    else:
        rows, names = feature_rows(table, rung, earlier)
        found = combiner.confidences(rows, names)
    found = np.where(table.vetoed[:, column], 0.0, found)
    return np.where(table.present[:, column], found, np.nan)


def feature_rows(table: Table, rung: str, earlier: Mapping[str, Floats]) -> tuple[Floats, tuple[str, ...]]:
    """Return a rung's features, earlier rungs' confidences appended, (n, F), and their names."""
    names = (*table.names[rung], *(EARLIER + name for name in earlier))
    return np.column_stack([table.rows[rung], *earlier.values()]), names
