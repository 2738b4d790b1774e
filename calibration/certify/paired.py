"""Paired certificate: policies compared with the reference, row by row, by one walk from the safest down.

Candidates and their order are fixed without the certifying rows: the safest cascade mixed with the reference at a
quarter, a half and three quarters, then the corners of the hull whose expected loss is at most .6 of the bound, dearest
first. Each is tested at the look's level; the first failure ends the walk.

Of labels, only those of rows that a candidate flags are needed, where it serves an answer that is not same as the
reference's. A flagged row without a label counts as harmed. Each further label can then only make a p-value smaller, so
that looking after every label, in any order, and stopping early cost nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.hypothesis_tests import Trial
from calibration.certify.shortfall import enough_draws, enough_losses, enough_pairs
from calibration.certify.verification import Candidate, Serving, serving
from calibration.samples.copies import is_copy
from calibration.samples.pairs import Pairs
from calibration.stats.noninferiority import MOST as MOST_EXACT
from calibration.stats.noninferiority import noninferiority_p
from calibration.stats.risk import bets, betting_p, binomial_p, choose_stake, staked_p
from calibration.targets.bound import MaxDisagreement, MaxLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTester:
    """Tests candidates on the certifying rows, by a rule fixed before."""

    pairs: Pairs
    """The certifying rows."""

    bound: MaxDisagreement | MaxLoss
    """The bound to certify."""

    eps: float
    """The tested bound on the expected loss; less than the bound's own where a part of it is for the audit."""

    delta: float
    """The probability of a wrong certificate."""

    salt: str
    """Of the policy's hashed choices."""

    drawn: NDArray[np.intp]
    """One row of each independent unit that is tested, in an order fixed by hash."""

    learnt: Pairs | None = None
    """The rows that candidates were made of, where labels are graded: they fix the stakes. None: labels are 0 or 1."""

    known: dict[Hashable, dict[tuple[str, ...], Floats]] = field(default_factory=dict)
    """Cache of confidences."""

    @property
    def unit(self) -> str:
        """The unit of an independent draw: `group` if some group has several rows, else `sample`; copies count once."""
        named = [group for group in self.pairs.table.groups if group is not None and not is_copy(group)]
        return "group" if len(set(named)) < len(named) else "sample"

    @property
    def betting(self) -> bool:
        """Whether losses are bet on; depends on what is fixed before the certifying rows are looked at only."""
        if self.pairs.labelled:
            return self.learnt is not None or len(self.drawn) > MOST_EXACT
        return self.unit == "group" and bets(len(self.drawn), self.eps, grouped=True, fractional=False)

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        if not self.pairs.labelled:
            if self.betting:
                return "betting test of disagreement, since samples of a group are averaged (Waudby-Smith, Ramdas 2020)"
            return "exact binomial test of disagreement"
        if self.betting:
            why = "labels are graded" if self.learnt is not None else f"draws exceed {MOST_EXACT:,}"
            return f"betting test of the loss at a stake fixed before, since {why} (Waudby-Smith and Ramdas 2020)"
        return "exact test of the loss on pairs (Hsueh, Liu and Chen 2001)"

    def losses(self, candidate: Candidate) -> Floats:
        """Return the loss of what a candidate serves on each row, (n,) in [-1, 1]; 1 where it is not known.

        A row of which a reached rung was not recorded is harmed: what would be served there is not known.
        """
        return paired_losses(self.pairs, self._served(candidate))

    def flagged(self, candidate: Candidate) -> Flags:
        """Return where a candidate serves an answer that is not same as the reference's, (n,)."""
        served = self._served(candidate)
        return np.asarray(served.complete & self.pairs.differs[np.arange(len(self.pairs.table)), served.column])

    def unlabelled(self, candidate: Candidate) -> Flags:
        """Return the flagged rows whose loss is not known for want of a label, (n,)."""
        served = self._served(candidate)
        missing = np.isnan(self.pairs.harm[np.arange(len(self.pairs.table)), served.column])
        return np.asarray(self.flagged(candidate) & missing)

    def accepted(self, candidate: Candidate) -> int:
        """Return the draws that a candidate answers below the reference."""
        below = self._served(candidate).column[self.drawn] != len(self.pairs.table.rungs) - 1
        return int(np.count_nonzero(below))

    def seen(self, losses: Floats) -> Floats:
        """Return the tested values: those of the draws, or of disagreement the means of their units."""
        if not self.betting or self.pairs.labelled:
            return losses[self.drawn]
        code = self.pairs.split.code
        means = np.bincount(code, losses) / np.maximum(np.bincount(code), 1)
        return np.asarray(means[code[self.drawn]])

    def p_value(self, candidate: Candidate, losses: Floats) -> float:
        """Return the p-value of "the loss of the candidate exceeds the bound", if its losses are these, (n,)."""
        seen = self.seen(losses)
        if not self.pairs.labelled:
            if len(losses) and losses.mean() > self.eps:
                return 1.0  # copies count once in the test; rows as they came must keep the bound too
            return betting_p(seen, self.eps) if self.betting else float(binomial_p(seen.sum(), len(seen), self.eps))
        if self.betting:
            return staked_p(seen, self.eps, stake=self._stake(candidate), low=-1.0)
        whole = np.ceil(seen)  # rounded up: valid whatever the labels
        return noninferiority_p(int(np.sum(whole > 0.0)), int(np.sum(whole < 0.0)), len(whole), self.eps)

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate."""
        losses = self.losses(candidate)
        seen = self.seen(losses)
        risk = float(seen.mean()) if len(seen) else 0.0
        return Trial(p=self.p_value(candidate, losses), accepted=self.accepted(candidate), risk=risk)

    def enough(self, candidate: Candidate) -> int | None:
        """Return the draws with which a candidate would pass at the rate seen; None if no number suffices."""
        seen = self.losses(candidate)[self.drawn]
        if not self.pairs.labelled:
            return enough_draws(float(seen.sum()), len(seen), self.eps, self.delta)
        if self.betting:
            return enough_losses(seen, self.eps, self.delta, low=-1.0, high=1.0)
        return enough_pairs(np.ceil(seen), self.eps, self.delta)

    def _served(self, candidate: Candidate) -> Serving:
        return serving(self.pairs.table, candidate, salt=self.salt, known=self.known)

    def _stake(self, candidate: Candidate) -> float:
        """Return the bet on a candidate, by its losses on the rows that candidates were made of."""
        if self.learnt is None:
            return choose_stake(np.zeros(0), self.eps, low=-1.0)
        rows = self.learnt.take(self.learnt.known)
        losses = paired_losses(rows, serving(rows.table, candidate, salt=self.salt))
        return choose_stake(losses, self.eps, low=-1.0)


def paired_losses(pairs: Pairs, served: Serving) -> Floats:
    """Return the loss of what is served on each row, (n,) in [-1, 1]; 1 where it is not known."""
    rows = np.arange(len(pairs.table))
    loss = (pairs.harm - pairs.gain)[rows, served.column]
    if not pairs.labelled:
        below = served.column != len(pairs.table.rungs) - 1
        loss = np.where(below & served.vetoed, 1.0, loss)
    return np.where(served.complete & ~np.isnan(loss), loss, 1.0)
