"""Paired certificate: policies compared with the reference, row by row, by one walk from the safest down.

Candidates and their order are fixed without the certifying rows: the safest cascade mixed with the reference at a
quarter, a half and three quarters, then the corners of the hull whose expected loss is at most .6 of the bound, dearest
first. Each is tested at the look's level; the first failure ends the walk.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.certify.hypothesis_tests import Found, Trial
from calibration.certify.shortfall import enough_draws
from calibration.certify.verification import Candidate, serving
from calibration.samples.pairs import Pairs
from calibration.stats.risk import bets, betting_p, binomial_p, fixed_sequence
from calibration.targets.bound import MaxDisagreement
from calibration.thresholds.path import Path

MIXES = (0.25, 0.5, 0.75)
"""Weights of the safest cascade in its mixes with the reference."""

EXPECTED = 0.6
"""Greatest expected loss of a candidate, as a share of the bound: what is expected to lose more seldom passes."""

MOST = 12
"""Most candidates beside the mixes."""


def list_paired_candidates(path: Path, bound: MaxDisagreement) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are tested; empty if nothing is cheaper than the reference."""
    reference, *cheaper = path.pareto_policies
    if not cheaper:
        return ()
    likely = [one for one in cheaper if reference.quality - one.quality <= EXPECTED * bound.value] or cheaper[:1]
    if len(likely) > MOST:
        likely = [likely[round(place)] for place in np.linspace(0, len(likely) - 1, MOST)]
    safest = likely[0]
    mixed = [(path.point(reference, weight=1.0 - share), path.point(safest, weight=share)) for share in MIXES]
    return (*mixed, *((path.point(one),) for one in likely))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTester:
    """Tests candidates on the certifying rows, by a rule fixed before."""

    pairs: Pairs
    """The certifying rows."""

    bound: MaxDisagreement
    """The bound to certify."""

    delta: float
    """The probability of a wrong certificate."""

    salt: str
    """Of the policy's hashed choices."""

    drawn: NDArray[np.intp]
    """One row of each independent unit, in an order fixed by hash."""

    known: dict[Hashable, dict[tuple[str, ...], Floats]] = field(default_factory=dict)
    """Cache of confidences."""

    @property
    def unit(self) -> str:
        """The unit of an independent draw: `group` if some row has one, else `sample`."""
        return "group" if any(self.pairs.table.groups) else "sample"

    @property
    def betting(self) -> bool:
        """Whether means of groups are bet on; depends on groups and the number of draws only."""
        return self.unit == "group" and bets(len(self.drawn), self.bound.value, grouped=True, fractional=False)

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        if self.betting:
            return "betting test of disagreement, since samples of a group are averaged (Waudby-Smith and Ramdas 2020)"
        return "exact binomial test of disagreement"

    def harmed(self, candidate: Candidate) -> Floats:
        """Return the harm of what a candidate serves on each row, (n,) in [0, 1].

        A row of which a reached rung was not recorded is harmed: what would be served there is not known.
        """
        pairs = self.pairs
        served = serving(pairs.table, candidate, salt=self.salt, known=self.known)
        below = served.column != len(pairs.table.rungs) - 1
        harm = pairs.harm[np.arange(len(pairs.table)), served.column]
        return np.where(served.complete & ~(below & served.vetoed), harm, 1.0)

    def accepted(self, candidate: Candidate) -> int:
        """Return the draws that a candidate answers below the reference."""
        served = serving(self.pairs.table, candidate, salt=self.salt, known=self.known)
        return int(np.count_nonzero(served.column[self.drawn] != len(self.pairs.table.rungs) - 1))

    def seen(self, harm: Floats) -> Floats:
        """Return the tested values: those of the draws, or the means of their units."""
        if not self.betting:
            return harm[self.drawn]
        code = self.pairs.split.code
        means = np.bincount(code, harm) / np.maximum(np.bincount(code), 1)
        return np.asarray(means[code[self.drawn]])

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate.

        Where copies of a request count once, a candidate that breaks the bound on the rows as they came fails too.
        """
        harm = self.harmed(candidate)
        seen = self.seen(harm)
        p = (
            betting_p(seen, self.bound.value)
            if self.betting
            else float(binomial_p(seen.sum(), len(seen), self.bound.value))
        )
        if len(harm) and harm.mean() > self.bound.value:
            p = 1.0
        return Trial(p=p, accepted=self.accepted(candidate), risk=float(seen.mean()) if len(seen) else 0.0)

    def enough(self, candidate: Candidate) -> int | None:
        """Return the draws with which a candidate would pass at the rate seen; None if no number suffices."""
        seen = self.harmed(candidate)[self.drawn]
        return enough_draws(float(seen.sum()), len(seen), self.bound.value, self.delta)


def walk_pairs(tester: PairedTester, candidates: Sequence[Candidate]) -> Found:
    """Fixed-sequence test: candidates in their order, each at the full level, until the first failure."""
    trials: list[Trial] = []

    def p_values() -> Iterator[float]:
        for candidate in candidates:
            trials.append(tester.test(candidate))
            yield trials[-1].p

    passed = fixed_sequence(p_values(), tester.delta)
    method = f"fixed-sequence test from the safest policy down; {tester.method}"
    tests = tuple({"step": step, **trial.to_json()} for step, trial in enumerate(trials))
    if not passed:
        enough = tester.enough(candidates[0]) if trials else None
        return Found(method=method, tests=tests, last=trials[0] if trials else None, enough=enough)
    return Found(
        method=method,
        tests=tests,
        points=tuple(candidates[passed - 1]),
        step=passed - 1,
        last=trials[passed - 1],
        p=max(trial.p for trial in trials[:passed]),
    )
