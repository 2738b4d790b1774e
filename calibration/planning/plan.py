"""Sample-size planning: labelled samples that a target will need, from assumptions or from a pilot.

A certificate is made from 60 % of the samples; the other 40 % teach combiner and path. An error bound is tested by
SPEND at 20 looks, a loss bound by one fixed-sequence walk, each at δ over the number of tasks: the plan uses those very
tests (`spending`, `risk`), at power .8 if errors come at the expected rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from calibration.stats.noninferiority import MOST as MOST_EXACT
from calibration.stats.noninferiority import noninferiority_power
from calibration.stats.risk import betting_p, required_draws
from calibration.stats.sample_size import POWER, find_least, size_for_rate, size_for_share
from calibration.stats.spending import place_looks, spend_level
from calibration.stats.split import LEARN
from cascade.errors import ConfigError

Promise = Literal["max_error", "max_loss", "min_accuracy", "escalation_rate"]

MOST = 200_000
"""Rows beyond which no plan is made."""

MARGIN = 2.0
"""Rows of a loss bound, as a multiple of those that test one given policy: a fit has to find such a policy in 40 % of
the rows, and its walk has to reach it. Measured on recorded sets (benchmarks/RESULTS/truth.md), not derived."""

_DRAWS = 100
"""Monte Carlo repetitions for the power of betting: to within 4 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sample sizes of one target."""

    promise: Promise
    """The kind of target."""

    limit: float
    """Its limit; for a rate the tolerance."""

    confidence: float
    """Confidence, for all tasks together."""

    expected: float
    """The expected rate of errors (losses, right answers, escalations)."""

    accept_share: float | None
    """The planned share of requests accepted below the top; None if not needed."""

    samples: int | None
    """Samples of each task; None if impractically many."""

    labels: int | None
    """Answers to label among them; 0 if none is needed."""

    least: int
    """Least samples, even without any error."""

    why: str
    """The method, in a sentence."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def plan_error(alpha: float, expected: float, accept_share: float, *, confidence: float, tasks: int = 1) -> Plan:
    """Plan for `MaxError(alpha)`: P(wrong | accepted below the top) ≤ alpha, with `accept_share` of requests accepted.

    `expected` is the error among the answers accepted at that share; scores are assumed to have no ties.

    Raises:
        ConfigError: a number is out of range.
    """
    delta = _level(confidence, tasks)
    _require(alpha=alpha, expected=expected, accept_share=accept_share)
    first = required_draws(alpha, delta)

    def passes(rows: int) -> bool:
        from scipy.stats import binom

        looks = place_looks(np.arange(rows, 0, -1.0), alpha, delta)
        within = [j for j, k in enumerate(looks) if k <= accept_share * rows + 0.5]
        if not within:
            return False
        _, critical = spend_level(looks, alpha, delta)
        e, k = critical[within[-1]], looks[within[-1]]
        # The last look within the share; with 5 % of the rows between looks, a little less is accepted.
        return e >= 0 and k >= 0.8 * accept_share * rows and float(binom.cdf(e, k, expected)) >= POWER

    rows = None if expected >= alpha else find_least(passes, start=math.ceil(first / accept_share), most=MOST, share=50)
    samples = None if rows is None else _with_learning(rows)
    return Plan(
        promise="max_error",
        limit=alpha,
        confidence=confidence,
        expected=expected,
        accept_share=accept_share,
        samples=samples,
        labels=samples,
        least=_with_learning(math.ceil(first / accept_share)),
        why=f"SPEND at δ = {delta:.3g} on 60 % of the samples, accepting {accept_share:.0%} with {expected:.1%} wrong.",
    )


def plan_loss(
    eps: float,
    harm: float,
    gain: float,
    same: float,
    *,
    confidence: float,
    tasks: int = 1,
    accept_share: float | None = None,
) -> Plan:
    """Plan for `MaxLoss(eps)`: accuracy lost against always asking the reference ≤ eps.

    Args:
        eps: the bound.
        harm: expected share of requests on which the policy is wrong and the reference right.
        gain: expected share of requests on which the policy is right and the reference wrong.
        same: share of requests on which the served answer is, or equals, the reference's: no label is needed.
        confidence: of the target.
        tasks: number of tasks that share 1 − confidence.
        accept_share: the share accepted below the top; only reported.

    Raises:
        ConfigError: a number is out of range.
    """
    delta = _level(confidence, tasks)
    _require(eps=eps, harm=harm, gain=gain, same=same)
    first = required_draws(eps, delta)
    rows, test = _by_pairs(eps, harm, gain, delta), "exact paired test"
    if rows is None:
        rows, test = _by_betting(eps, harm, gain, delta), "betting test"
    samples = None if rows is None else _with_learning(math.ceil(MARGIN * rows))
    return Plan(
        promise="max_loss",
        limit=eps,
        confidence=confidence,
        expected=harm - gain,
        accept_share=accept_share,
        samples=samples,
        # The learning part needs every label; the certifying part, only those where answers differ.
        labels=None if samples is None else math.ceil(samples * (LEARN + (1.0 - LEARN) * (1.0 - same))),
        least=_with_learning(first),
        why=(
            f"The {test} at δ = {delta:.3g} on 60 % of the samples; {same:.0%} of those need no label, being alike. "
            f"Power .8 for one policy with these shares, times {MARGIN:g}, since a fit has to find and to reach it; a "
            "small share may not be reached with any number."
        ),
    )


def plan_accuracy(limit: float, expected: float, *, confidence: float, tasks: int = 1) -> Plan:
    """Plan for a gate on accuracy (`cascade check --min-accuracy`): samples that the policy was not fitted on.

    Raises:
        ConfigError: a number is out of range.
    """
    delta = _level(confidence, tasks)
    _require(limit=limit, expected=expected)
    samples = size_for_share(expected, limit, delta) if expected > limit else None
    return Plan(
        promise="min_accuracy",
        limit=limit,
        confidence=confidence,
        expected=expected,
        accept_share=None,
        samples=samples,
        labels=samples,
        least=required_draws(1.0 - limit, delta),
        why=f"Exact binomial bound at δ = {delta:.3g} on held-out samples, all of them labelled.",
    )


def plan_rate(rate: float, tolerance: float, *, confidence: float) -> Plan:
    """Plan for an escalation rate whose true value is within a tolerance of the target; no label is needed.

    Raises:
        ConfigError: a number is out of range.
    """
    samples = size_for_rate(rate, tolerance, confidence)
    return Plan(
        promise="escalation_rate",
        limit=tolerance,
        confidence=confidence,
        expected=rate,
        accept_share=1.0 - rate,
        samples=samples,
        labels=0,
        least=samples or 0,
        why="The rate law Beta(k, n + 1 − k); no label is needed.",
    )


def _level(confidence: float, tasks: int) -> float:
    if not 0.0 < confidence < 1.0 or tasks < 1:
        message = (
            f"The confidence is {confidence} and the tasks are {tasks}; a number in (0, 1) and 1 or more were expected."
        )
        raise ConfigError(message)
    return (1.0 - confidence) / tasks


def _by_pairs(eps: float, harm: float, gain: float, delta: float) -> int | None:
    """Return the rows at which the exact test of a loss passes with probability .8; None if it needs betting."""
    if harm - gain >= eps:
        return None

    def passes(rows: int) -> bool:
        return noninferiority_power(harm, gain, rows, eps, delta) >= POWER

    return find_least(passes, start=math.ceil(1.0 / eps), most=MOST_EXACT, share=50)


def _by_betting(eps: float, harm: float, gain: float, delta: float) -> int | None:
    """Return the rows at which the betting test passes with probability .8, by Monte Carlo."""
    if harm - gain >= eps:
        return None
    weights = [harm, gain, max(0.0, 1.0 - harm - gain)]

    def passes(rows: int) -> bool:
        rng = np.random.default_rng(rows)
        drawn = (rng.choice([1.0, -1.0, 0.0], rows, p=np.array(weights) / sum(weights)) for _ in range(_DRAWS))
        return sum(betting_p(losses, eps, low=-1.0) <= delta for losses in drawn) >= POWER * _DRAWS

    return find_least(passes, start=MOST_EXACT + 1, most=MOST, share=50)


def _with_learning(rows: int) -> int:
    return math.ceil(rows / (1.0 - LEARN))


def _require(**shares: float) -> None:
    for name, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"found {name} = {value}; expected a number in [0, 1]")
    for name in ("alpha", "eps", "accept_share", "limit"):
        if shares.get(name) == 0.0 or (name != "accept_share" and shares.get(name) == 1.0):
            raise ConfigError(f"found {name} = {shares[name]}; expected a number between 0 and 1")


def recommended(plans: Sequence[Plan]) -> tuple[int, int] | None:
    """Return the samples and labels that keep every promise of some plans; None where one of them has no number.

    Of a promise's alternatives (shares accepted below the top) the one with the fewest labels counts, then the one that
    accepts most.
    """
    chosen: list[Plan] = []
    for promise in dict.fromkeys((one.promise, one.limit) for one in plans):
        known = [one for one in plans if (one.promise, one.limit) == promise and one.samples is not None]
        if not known:
            return None
        chosen.append(min(known, key=lambda one: (one.labels or 0, -(one.accept_share or 0.0))))
    return max(one.samples or 0 for one in chosen), max(one.labels or 0 for one in chosen)
