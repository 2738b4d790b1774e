"""Each slice: candidates of a paired walk tested in every slice of the requests, all of which have to pass.

An intersection–union test (Berger 1982): a policy that breaks the bound in some slice has to pass that slice's own
test, so that δ is not divided. To say by name which slices hold, δ is divided over them: of many some pass by luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.hypothesis_tests import Trial
from calibration.certify.paired import PairedTester
from calibration.certify.verification import Candidate
from calibration.samples.pairs import Pairs
from calibration.stats.risk import required_draws
from calibration.targets.bound import MaxDisagreement, MaxLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class EachSlice:
    """Tests candidates in every slice at the full level; a step passes if each slice's test does."""

    whole: PairedTester
    """All certifying rows together."""

    tag: str
    """The tag whose values are the slices."""

    parts: Mapping[str, tuple[NDArray[np.intp], PairedTester]]
    """By value of the tag: the rows of the whole, and their own tester."""

    @classmethod
    def of(cls, whole: PairedTester, tag: str, slices: Sequence[str], known: Sequence[str]) -> EachSlice:
        """Return the testers of all slices.

        Args:
            whole: all certifying rows.
            tag: the tag.
            slices: the slice of each of these rows, (n,).
            known: all slices of the task's samples: one without certifying rows is undecided, and not left out.
        """
        parts = {}
        for name in known:
            mine = np.array([one == name for one in slices], dtype=bool)
            place = np.cumsum(mine) - 1
            drawn = place[whole.drawn[mine[whole.drawn]]]
            own = PairedTester(
                pairs=whole.pairs.take(mine), bound=whole.bound, eps=whole.eps, delta=whole.delta, salt=whole.salt,
                drawn=drawn, learnt=whole.learnt,
            )  # fmt: skip
            parts[name] = (np.flatnonzero(mine), own)
        return cls(whole=whole, tag=tag, parts=parts)

    @property
    def pairs(self) -> Pairs:
        """All certifying rows."""
        return self.whole.pairs

    @property
    def bound(self) -> MaxDisagreement | MaxLoss:
        """The bound to certify in each slice."""
        return self.whole.bound

    @property
    def eps(self) -> float:
        """The tested bound on the expected loss in each."""
        return self.whole.eps

    @property
    def delta(self) -> float:
        """The probability of a wrong certificate."""
        return self.whole.delta

    @property
    def drawn(self) -> NDArray[np.intp]:
        """The tested draws of all slices, in their order."""
        return self.whole.drawn

    @property
    def unit(self) -> str:
        """The unit of an independent draw."""
        return self.whole.unit

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        return f"intersection–union test of each value of tag.{self.tag}; {self.whole.method}"

    def losses(self, candidate: Candidate) -> Floats:
        """Return the loss on each row, (n,) in [-1, 1]; 1 where it is not known."""
        return self.whole.losses(candidate)

    def p_value(self, candidate: Candidate, losses: Floats) -> float:
        """Return the greatest p-value, if its losses are these, (n,)."""
        return max(_p(one, candidate, losses[rows]) for rows, one in self.parts.values())

    def flagged(self, candidate: Candidate) -> Flags:
        """Return where a candidate serves an answer that is not same as the reference's, (n,)."""
        return self.whole.flagged(candidate)

    def unlabelled(self, candidate: Candidate) -> Flags:
        """Return the flagged rows whose loss is not known for want of a label, (n,)."""
        return self.whole.unlabelled(candidate)

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate; its risk is that of the slice in which it is greatest."""
        losses = self.losses(candidate)
        risks = [float(losses[rows][one.drawn].mean()) for rows, one in self.parts.values() if len(one.drawn)]
        return Trial(
            p=self.p_value(candidate, losses), accepted=self.whole.accepted(candidate), risk=max(risks, default=0.0)
        )

    def enough(self, candidate: Candidate) -> int | None:
        """Return the draws of all slices with which a candidate would pass; None if no number suffices."""
        found = []
        for _, one in self.parts.values():
            n = one.enough(candidate) if len(one.drawn) else None
            if n is None:
                return None
            found.append(-(-n * len(self.drawn) // len(one.drawn)))
        return max(found)

    def by_slice(self, walked: Sequence[Candidate]) -> dict[str, dict[str, Any]]:
        """Return each slice's outcome under the last of the candidates that were walked; see `slice_outcome`."""
        losses = [self.losses(candidate) for candidate in walked]
        least, found = required_draws(self.eps, self.delta), {}
        for name, (rows, one) in self.parts.items():
            found[name] = slice_outcome(
                [_p(one, candidate, own[rows]) for candidate, own in zip(walked, losses, strict=True)],
                n=len(one.drawn),
                risk=float(losses[-1][rows][one.drawn].mean()) if len(one.drawn) else None,
                least=least,
                delta=self.delta,
                slices=len(self.parts),
            )
        return found


def slice_outcome(
    p: Sequence[float], *, n: int, risk: float | None, least: int, delta: float, slices: int
) -> dict[str, Any]:
    """Return the outcome of a slice, as it stands in a certificate.

    `outcome`: pass; fail; or undecided, with `needed` draws at least before it can pass. `holds_by_name`: it passes
    every step at δ over the number of slices, so that it may be said of this slice by itself.

    Args:
        p: its p-value at each step; of several bounds the greatest.
        n: its draws.
        risk: the loss seen under the last step; None without draws.
        least: the draws with which a test can pass.
        delta: the level of the walk.
        slices: how many slices there are.
    """
    small = n < least
    return {
        "n": n,
        "risk": risk,
        "p": p[-1],
        "outcome": "pass" if max(p) <= delta else "undecided" if small else "fail",
        "holds_by_name": max(p) <= delta / slices,
        **({"needed": least} if small else {}),
    }


def describe_slices(tag: str, slices: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the slices that do not pass, in words; '' where all do."""
    told = []
    for name, one in slices.items():
        if one["outcome"] == "undecided":
            told.append(f"{name} is undecided ({one['n']} draws, at least {one['needed']} are needed)")
        elif one["outcome"] == "fail":
            told.append(f"{name} does not pass ({one['n']} draws)")
    return f"Of the values of tag.{tag}, {'; '.join(told)}." if told else ""


def _p(one: PairedTester, candidate: Candidate, losses: Floats) -> float:
    return one.p_value(candidate, losses) if len(one.drawn) else 1.0
