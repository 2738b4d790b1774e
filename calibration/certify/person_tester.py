"""Test of a loss by a person's labels of a part of the flagged rows, with a judge's labels of all of them as control.

Each flagged row is drawn for the person with probability π, by a hash that no answer, judge or label moves. With the
judge's loss J, the person's H, and ξ = 1 where the row was drawn,

    X = λ J + ξ / π · (H − λ J)

has the mean of H whatever the judge says: a judge in the cascade's favour costs power, not validity (a control
variate, as in prediction-powered inference: Angelopoulos et al. 2023, arXiv 2301.09633). X is bet on at a stake that,
like λ, the rows to learn from fix (Waudby-Smith and Ramdas 2020). X grows with H, so that a drawn row without the
person's label counts as harmed, and looking after every label costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.hypothesis_tests import Trial
from calibration.certify.paired import PairedTester, paired_losses
from calibration.certify.shortfall import enough_losses
from calibration.certify.verification import Candidate, serving
from calibration.samples.pairs import Pairs
from calibration.samples.same_split import SALT
from calibration.stats.risk import BETS, staked_p
from calibration.targets.bound import MaxDisagreement, MaxLoss
from cascade.hashing import unit

CONTROLS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The weights λ of the judge that are compared."""

DOUBT = 0.1
"""Share of flagged rows on which the person is supposed to say anything else than the judge, where λ is chosen."""


def pick_rows(pairs: Pairs, share: float) -> Flags:
    """Return the rows that are drawn for the person if some candidate flags them, (n,): each with probability `share`.

    By a hash of unit and id: no label or answer moves it.
    """
    u = [unit(salt=SALT, purpose="person", task=key, rung="", request_id=name)
         for key, name in zip(pairs.split.keys, pairs.table.ids, strict=True)]  # fmt: skip
    return np.array(u) < share


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTester:
    """Tests candidates by the person's labels; where every flagged row is drawn, by these alone."""

    judged: PairedTester
    """The certifying rows with the judge's labels; what candidates were made of is in its `learnt`."""

    person: PairedTester
    """The same rows with the person's labels."""

    learnt: Pairs
    """The rows that candidates were made of, with the judge's labels."""

    picked: Flags
    """The rows that are drawn for the person if they are flagged, (n,)."""

    share: float
    """π: the probability of being drawn."""

    chosen: dict[int, tuple[Candidate, float, float]] = field(default_factory=dict)
    """Cache of λ and stake by the identity of the candidate, which it keeps alive."""

    @property
    def pairs(self) -> Pairs:
        """The certifying rows with the person's labels."""
        return self.person.pairs

    @property
    def bound(self) -> MaxDisagreement | MaxLoss:
        """The bound to certify."""
        return self.person.bound

    @property
    def eps(self) -> float:
        """The tested bound on the expected loss."""
        return self.person.eps

    @property
    def delta(self) -> float:
        """The probability of a wrong certificate."""
        return self.person.delta

    @property
    def drawn(self) -> NDArray[np.intp]:
        """The tested draws, in their order."""
        return self.person.drawn

    @property
    def unit(self) -> str:
        """The unit of an independent draw."""
        return self.person.unit

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        if self.share >= 1.0:
            return self.person.method
        return (
            f"betting test of a person's labels of {self.share:.0%} of the rows that are flagged, drawn by hash, with "
            "the judge's labels as a control variate, at a stake fixed before (Waudby-Smith and Ramdas 2020)"
        )

    def losses(self, candidate: Candidate) -> Floats:
        """Return the person's loss on each row, (n,) in [-1, 1]; 1 where it is not known."""
        return self.person.losses(candidate)

    def flagged(self, candidate: Candidate) -> Flags:
        """Return where a candidate serves an answer that is not same as the reference's, (n,)."""
        return self.person.flagged(candidate)

    def unlabelled(self, candidate: Candidate) -> Flags:
        """Return the flagged rows that were drawn for the person and have no label of theirs, (n,)."""
        return self.person.unlabelled(candidate) & self.picked

    def p_value(self, candidate: Candidate, losses: Floats) -> float:
        """Return the p-value of "the loss exceeds the bound", if the person's losses are these, (n,)."""
        if self.share >= 1.0:
            return self.person.p_value(candidate, losses)
        weight, stake = self._chosen(candidate)
        high = _greatest(weight, self.share)
        x = self._combined(candidate, losses, weight)
        return staked_p(x, self.eps, stake=stake, low=-high, high=high)

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate."""
        losses = self.losses(candidate)
        seen = (
            losses[self.drawn] if self.share >= 1.0 else self._combined(candidate, losses, self._chosen(candidate)[0])
        )
        risk = float(seen.mean()) if len(seen) else 0.0
        return Trial(p=self.p_value(candidate, losses), accepted=self.person.accepted(candidate), risk=risk)

    def enough(self, candidate: Candidate) -> int | None:
        """Return the draws with which a candidate would pass at the rate seen; None if no number suffices."""
        if self.share >= 1.0:
            return self.person.enough(candidate)
        weight, _ = self._chosen(candidate)
        high = _greatest(weight, self.share)
        seen = self._combined(candidate, self.losses(candidate), weight)
        return enough_losses(seen, self.eps, self.delta, low=-high, high=high)

    def _combined(self, candidate: Candidate, losses: Floats, weight: float) -> Floats:
        """Return X of each draw; where the judge said nothing, the worse of what it could have said."""
        judge = self.judged.losses(candidate)
        silent = self.judged.unlabelled(candidate)
        judge = np.where(silent, np.where(self.picked, -1.0, 1.0), judge)
        x = weight * judge + np.where(self.picked, (losses - weight * judge) / self.share, 0.0)
        return np.asarray(np.where(self.flagged(candidate), x, losses)[self.drawn])

    def _chosen(self, candidate: Candidate) -> tuple[float, float]:
        """Return λ and the stake under which wealth is expected to grow most, by the rows to learn from."""
        if id(candidate) in self.chosen:
            return self.chosen[id(candidate)][1:]
        rows = self.learnt.take(self.learnt.known)
        served = serving(rows.table, candidate, salt=self.person.salt)
        flagged = rows.differs[np.arange(len(rows.table)), served.column] & served.complete
        judge = paired_losses(rows, served)[flagged]
        rest, room = int(np.count_nonzero(~flagged)), max(self.eps, 0.0) / 2.0

        def growth(weight: float, stake: float) -> float:
            high = _greatest(weight, self.share)
            bet = stake / (high - self.eps)

            def won(x: Floats | float) -> Floats:
                return np.log1p(bet * (self.eps - np.asarray(x)))

            def row(said: Floats, true: Floats | float) -> Floats:
                drawn = won(weight * said + (true - weight * said) / self.share)
                return np.asarray(self.share * drawn + (1.0 - self.share) * won(weight * said))

            others = sum(row(judge, value) for value in (-1.0, 0.0, 1.0)) / 3.0
            flag = float(np.sum((1.0 - DOUBT) * row(judge, judge) + DOUBT * others))
            n = max(len(judge) + rest, 1)
            harmed = float(row(np.ones(1), 1.0)[0])
            return (1.0 - room) * (flag + rest * float(won(0.0))) / n + room * harmed

        best = max(((weight, stake) for weight in CONTROLS for stake in BETS), key=lambda pair: growth(*pair))
        self.chosen[id(candidate)] = (candidate, *best)
        return best


def _greatest(weight: float, share: float) -> float:
    """Return the greatest |X|: of a row that the person says is harmed and the judge says has gained."""
    return max(weight, (1.0 + weight) / share - weight)


def person_share(labels: int, flagged: float, draws: int) -> float:
    """Return π, with which about `labels` of `draws` draws are drawn for the person, if `flagged` of them are."""
    expected = flagged * draws
    return 1.0 if expected <= labels or math.isclose(expected, 0.0) else labels / expected
