"""Policy path: the Pareto policies from the dearest to the cheapest; neighbours can be mixed.

Labels are replaced by P(correct_k | c_1 .. c_k) (`smoothing`), every threshold vector of every sub-ladder is evaluated
(`grid`), single models stand beside them, and the upper hull of (cost, quality) is the path (`pareto_policies`). A
Pareto policy is kept as escalation rates, that is as ranks, and becomes thresholds (t, g) on the confidences of the
combiner that will be served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from calibration.arrays import Floats
from calibration.combine.rung_fits import RungFits
from calibration.samples.added_latency import MOST_SLOW, measure_added
from calibration.samples.replayed import Replayed, apply_point, goes_up
from calibration.samples.subladders import list_subladders
from calibration.samples.table import Table
from calibration.stats.rate import fit_threshold
from calibration.thresholds.evidence import TOLERANCE_S, Evidence, ParetoPolicy, gather
from calibration.thresholds.grid import CELLS
from calibration.thresholds.pareto_policies import find_pareto_policies, hull_of
from cascade.display.numbers import dollars, duration, percent
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT

STRICTER = (0.9, 0.8, 0.7)
"""Parts of `MOST_SLOW` that policies are searched within where some that keep it out of fold break it as served."""


class Path:
    """The policy path of one task; any of its Pareto policies can become an operating point."""

    def __init__(
        self, fits: RungFits, evidence: Evidence, hulls: Mapping[tuple[str, ...], tuple[ParetoPolicy, ...]]
    ) -> None:
        """Take the combiners, the evidence, and the hull of each sub-ladder, cheapest first."""
        self.fits, self.evidence = fits, evidence
        self._points: dict[ParetoPolicy, OperatingPoint] = {}
        self.hulls = {rungs: tuple(filter(self._keeps, hull)) for rungs, hull in hulls.items()}
        """The hull of each sub-ladder, cheapest first; under a limit on added latency, of what keeps it as served."""
        self.singles = evidence.singles
        """Every model alone, in ladder order."""
        self.reference = self.singles[-1]
        """The top alone: the safest policy, whose loss is zero by definition."""
        every = [*self.singles, *(found for hull in hulls.values() for found in hull)]
        self.hull = hull_of(every, caution=evidence.caution)
        """The Pareto hull, dearest first; without the reference if a mix beats it."""
        self.dropped = sum(map(len, hulls.values())) - sum(map(len, self.hulls.values()))
        """Policies that keep the limit on added latency out of fold, and not as served."""

    @property
    def pareto_policies(self) -> tuple[ParetoPolicy, ...]:
        """The reference, then all of the hull that is cheaper, dearest first: the order in which to test for risk."""
        return (self.reference, *(found for found in self.hull if found.cost_usd < self.reference.cost_usd))

    @property
    def points(self) -> tuple[OperatingPoint, ...]:
        """The Pareto policies as operating points."""
        return tuple(map(self.point, self.pareto_policies))

    def thinned(self, most: int) -> tuple[ParetoPolicy, ...]:
        """Return at most `most` of the Pareto policies, evenly spaced in cost, first and last included."""
        found = self.pareto_policies
        if len(found) <= most:
            return found
        costs = np.array([one.cost_usd for one in found])
        wanted = np.linspace(costs[0], costs[-1], most)
        return tuple(found[i] for i in np.unique(np.abs(costs[None, :] - wanted[:, None]).argmin(axis=1)))

    def keeps_limit(self, points: Sequence[OperatingPoint]) -> bool:
        """Return whether a random mix of points, as served, keeps the limit on added latency on these rows."""
        table = self.evidence.table
        if table.max_added_p95_s is None:
            return True
        top = table.answer_s[:, -1]
        added = [apply_point(table, point, salt=SALT).wait_s - top for point in points]
        found = measure_added(added, [point.weight for point in points])
        return found is not None and found.p95_s <= table.max_added_p95_s + TOLERANCE_S

    def within_words(self, *, scale: float = 1.0) -> str | None:
        """Return what can be had within the limit on added latency, in a sentence; None without one.

        `scale`: a loss of 1 in the unit of the path's quality.
        """
        most, top = self.evidence.table.max_added_p95_s, self.reference
        if most is None:
            return None
        where = f"Within {duration(most)} added at p95"
        cheapest = min(self.hull, key=lambda one: one.cost_usd)
        if cheapest.cost_usd >= top.cost_usd:
            return f"{where} there is none but always {top.rungs[0]}."
        loss = 100.0 * (top.quality - cheapest.quality) / scale
        usd = f"{dollars(cheapest.cost_usd)} a request, {percent(cheapest.cost_usd / top.cost_usd)} of always-top"
        return (
            f"{where} the cheapest policy costs {usd}, at an expected loss of {loss:.1f} points "
            f"({' → '.join(cheapest.rungs)})."
        )

    def _keeps(self, found: ParetoPolicy) -> bool:
        return self.evidence.table.max_added_p95_s is None or self.keeps_limit((self.point(found),))

    def point(self, pareto_policy: ParetoPolicy, *, weight: float = 1.0) -> OperatingPoint:
        """Return a Pareto policy as an operating point: its rates become thresholds on served confidences."""
        if pareto_policy not in self._points:
            self._points[pareto_policy] = to_point(self.fits, pareto_policy.rungs, pareto_policy.rates)
        return replace(self._points[pareto_policy], weight=weight)

    def served(
        self, table: Table, *, pareto_policies: Sequence[ParetoPolicy] | None = None, salt: str = SALT
    ) -> tuple[Replayed, ...]:
        """Apply Pareto policies (None: all) to the rows of a table, in order; shared confidences are computed once."""
        known: dict[tuple[str, ...], Floats] = {}
        chosen = self.pareto_policies if pareto_policies is None else pareto_policies
        return tuple(apply_point(table, self.point(found), salt=salt, known=known) for found in chosen)


def policy_path(
    table: Table | RungFits,
    *,
    seed: int = 0,
    choose_rungs: bool = False,
    cells: int = CELLS,
    compared: Floats | None = None,
    caution: float | None = None,
) -> Path:
    """Search all threshold vectors for the policy path: of the whole ladder, or of all sub-ladders that keep the top.

    Args:
        table: the samples of a task, or combiners that were fitted to them already.
        seed: of the folds.
        choose_rungs: whether rungs may be left out.
        cells: of the grid of a ladder, about, at most: the more rungs, the fewer bins has each.
        compared: what policies are compared by in place of correctness, (n, K) in [0, 1]; None: correctness itself.
        caution: the penalty on differing from the reference; None: by the number of labels. See `Evidence.caution`.

    Raises:
        ConfigError: more than six rungs.
        DataError: no row has recordings of every rung, or a rung lacks labels or costs.
    """
    fits = table if isinstance(table, RungFits) else RungFits(table, seed=seed)
    ladders = list_subladders(fits.table.rungs, choose=choose_rungs)
    evidence = gather(fits, ladders)
    if compared is not None:
        evidence = replace(evidence, table=evidence.table.relabelled(compared[np.all(fits.table.present, axis=1)]))
    if caution is not None:
        evidence = replace(evidence, caution=caution)

    def searched(part: float) -> dict[tuple[str, ...], tuple[ParetoPolicy, ...]]:
        rows = replace(evidence, most_slow=part * MOST_SLOW)
        return {rungs: find_pareto_policies(rows, rungs, cells=cells) for rungs in ladders if rungs[1:]}

    hulls = searched(1.0)
    path = Path(fits, evidence, hulls)
    if not path.dropped:
        return path
    # What keeps a limit just so out of fold may break it as served: the best policies that do not lie a little within.
    for found in map(searched, STRICTER):
        hulls = {rungs: tuple(dict.fromkeys((*hull, *found[rungs]))) for rungs, hull in hulls.items()}
    kept = Path(fits, evidence, hulls).hulls
    return Path(fits, evidence, {rungs: hull_of(hull, caution=evidence.caution)[::-1] for rungs, hull in kept.items()})


def to_point(fits: RungFits, rungs: Sequence[str], rates: Sequence[float]) -> OperatingPoint:
    """Return the operating point that escalates at the given rates, each fitted among the rows that reach the rung.

    Fitted on served confidences, never on out-of-fold ones: each fold gives a tie group another value.
    """
    part = fits.table.on(rungs)
    contexts = [tuple(rungs[: k + 1]) for k in range(len(rungs))]
    live = np.ones(len(part), dtype=bool)
    thresholds: list[Threshold] = []
    for k, rung in enumerate(rungs[:-1]):
        found = fits.served(contexts[k])
        fit = live & part.present[:, k]
        if fit.any():
            t, g = fit_threshold(found[fit], rates[k], vetoed=part.forced[fit, k])
        else:
            t, g = (1.0, 1.0) if rates[k] > 0.0 else (0.0, 0.0)
        thresholds.append(Threshold(t=float(t), g=float(g)))
        live = fit & goes_up(part, rung, found, thresholds[-1], salt=SALT)
    combiners = {context[-1]: fits.combiner(context) for context in contexts if fits.has(context)}
    return OperatingPoint(rungs=tuple(rungs), thresholds=tuple(thresholds), combiners=combiners)
