"""Policy choice for an aim: one Pareto policy, or a random mix by hash of two neighbours on the hull."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from calibration.targets.target import Aim, Best, EscalationRate, ExpectedError, ExpectedLoss, MeanCost
from calibration.thresholds.evidence import ParetoPolicy
from cascade.errors import DataError

SLACK = 0.001
"""Tolerance in expected accuracy for a cheaper choice of later rates: far below what labels can resolve."""

NEGLIGIBLE = 1e-6
"""Shares of a mix too small for a second point."""

Mix = tuple[tuple[float, ParetoPolicy], ...]
"""A random mix: one or two Pareto policies with their shares of requests; the shares sum to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimism:
    """Optimism: how much better a chosen policy looks on the labels of its choice than on others."""

    loss: float = 0.0
    """Of the loss against the reference; at least 0."""

    error: float = 0.0
    """Of the error among accepted answers; at least 0."""


NO_OPTIMISM = Optimism()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """An aim as a linear limit: quality · q + cost · c + accepted · a + wrong · w is at most the bound."""

    bound: float
    quality: float = 0.0
    cost: float = 0.0
    accepted: float = 0.0
    wrong: float = 0.0

    def excess(self, found: ParetoPolicy) -> float:
        """Return by how much a policy exceeds the bound; at most 0 if it holds."""
        used = self.quality * found.quality + self.cost * found.cost_usd
        return used + self.accepted * found.accepted + self.wrong * found.wrong - self.bound


def choose(
    hull: Sequence[ParetoPolicy],
    reference: ParetoPolicy,
    aims: dict[type, Aim],
    *,
    optimism: Optimism = NO_OPTIMISM,
    safe: bool = True,
) -> Mix | None:
    """Return the cheapest mix that meets the aims, or the best one for a cost aim alone; None if none does.

    Args:
        hull: the policies to choose from, dearest first; neighbours may be mixed.
        reference: the top alone.
        aims: by class; a rate among them is ignored, since it is a property of the hull.
        optimism: subtracted from the aims.
        safe: whether the reference alone may be chosen; its loss is 0 by definition.
    """
    limits = _limits(reference, aims, optimism)
    if not limits:
        best = max(found.quality for found in hull)
        cheapest = min((found for found in hull if found.quality >= best - SLACK), key=lambda found: found.cost_usd)
        return ((1.0, cheapest),)
    for_quality = any(kind in aims for kind in (ExpectedLoss, ExpectedError))
    pairs = list(pairwise(hull)) or [(hull[0], hull[0])]
    for dear, cheap in reversed(pairs) if for_quality else pairs:
        span = _feasible(limits, dear, cheap)
        if span is not None:
            return _mix(dear, cheap, span[1] if for_quality else span[0])
    cost = aims.get(MeanCost)
    if safe and for_quality and (not isinstance(cost, MeanCost) or reference.cost_usd <= cost.usd):
        return ((1.0, reference),)
    return None


def _mix(dear: ParetoPolicy, cheap: ParetoPolicy, share: float) -> Mix:
    """Return the mix with a share of `cheap`; negligible shares are rounded away."""
    if dear == cheap or share < NEGLIGIBLE:
        return ((1.0, dear),)
    return ((1.0, cheap),) if share > 1.0 - NEGLIGIBLE else ((1.0 - share, dear), (share, cheap))


def refuse(
    task: str,
    aims: dict[type, Aim],
    hull: Sequence[ParetoPolicy],
    reference: ParetoPolicy,
    *,
    within: str | None = None,
) -> DataError:
    """Return the error for infeasible aims, with the feasible frontier; `within`: what a limit on latency leaves."""
    asked = " and ".join(words(aim) for aim in aims.values())
    lines = "\n".join(f"  {line}" for line in describe(hull, reference))
    more = "" if within is None else f" {within}"
    message = f"Task {task!r}: no policy is expected to meet {asked}.{more} Feasible are, dearest first:\n{lines}"
    return DataError(message)


def describe(hull: Sequence[ParetoPolicy], reference: ParetoPolicy, *, most: int = 12) -> list[str]:
    """Return the frontier as text, a line for each of at most `most` policies, the reference first."""
    step = max(1, -(-len(hull) // most))
    kept = [*hull[:-1:step], hull[-1]]
    lines = []
    for found in dict.fromkeys((reference, *kept)):
        rates = ", ".join(f"{rate:.0%}" for rate in found.rates)
        lines.append(
            f"${found.cost_usd:.3g} a request, loss {reference.quality - found.quality:+.1%}, "
            f"error among accepted {found.wrong / found.accepted if found.accepted else 0.0:.1%}: "
            f"{' → '.join(found.rungs)}" + (f", escalating {rates}" if rates else "")
        )
    return lines


def words(aim: Aim) -> str:
    """Return a description of an aim."""
    if isinstance(aim, EscalationRate):
        return f"an escalation rate of {', '.join(f'{rate:.1%}' for rate in aim.rates)}"
    if isinstance(aim, MeanCost):
        return f"a mean cost of ${aim.usd:.3g} a request"
    if isinstance(aim, ExpectedLoss):
        return f"a loss of {aim.eps:.1%}"
    if isinstance(aim, Best):
        return "the best accuracy at the reference's cost"
    return f"an error of {aim.alpha:.1%} among accepted answers"


def _limits(reference: ParetoPolicy, aims: dict[type, Aim], optimism: Optimism) -> list[Limit]:
    """Return the aims as limits, linear in a mix, so that a mix of neighbours can meet them."""
    limits: list[Limit] = []
    for aim in aims.values():
        if isinstance(aim, MeanCost):
            limits.append(Limit(bound=aim.usd, cost=1.0))
        elif isinstance(aim, Best):
            limits.append(Limit(bound=reference.cost_usd, cost=1.0))
        elif isinstance(aim, ExpectedLoss):
            limits.append(Limit(bound=aim.eps - optimism.loss - reference.quality, quality=-1.0))
        elif isinstance(aim, ExpectedError):
            limits.append(Limit(bound=0.0, wrong=1.0, accepted=-max(0.0, aim.alpha - optimism.error)))
    return limits


def _feasible(limits: Sequence[Limit], dear: ParetoPolicy, cheap: ParetoPolicy) -> tuple[float, float] | None:
    """Return the least and greatest share of `cheap` in a mix with `dear` that meets all limits; None if none."""
    low, high = 0.0, 1.0
    for limit in limits:
        at_dear, at_cheap = limit.excess(dear), limit.excess(cheap)
        if at_dear <= 0.0 and at_cheap <= 0.0:
            continue
        if at_dear > 0.0 and at_cheap > 0.0:
            return None
        crossing = at_dear / (at_dear - at_cheap)
        low, high = (max(low, crossing), high) if at_dear > 0.0 else (low, min(high, crossing))
    return (low, high) if low <= high else None
