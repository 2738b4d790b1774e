"""Paired walk: candidates from the safest down, tested against the reference, or against every single model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.each_slice import EachSlice
from calibration.certify.hypothesis_tests import Found, Trial
from calibration.certify.paired import PairedTester
from calibration.certify.person_tester import PersonTester
from calibration.certify.verification import Candidate
from calibration.samples.pairs import Pairs
from calibration.stats.risk import fixed_sequence
from calibration.targets.bound import MaxDisagreement, MaxLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class EverySingle:
    """Tests candidates against every single model: a step passes if each of its tests does, at the full level.

    An intersection–union test (Berger 1982): a policy that loses too much against some single model has to pass that
    one's own test, so that δ is not divided.
    """

    testers: tuple[PairedTester | PersonTester, ...]
    """A test for each single model, on the same draws; the last one is against the reference."""

    names: tuple[str, ...]
    """The single models."""

    @property
    def pairs(self) -> Pairs:
        """The certifying rows, compared with the reference."""
        return self.testers[-1].pairs

    @property
    def bound(self) -> MaxDisagreement | MaxLoss:
        """The bound to certify against each."""
        return self.testers[-1].bound

    @property
    def eps(self) -> float:
        """The tested bound on the expected loss against each."""
        return self.testers[-1].eps

    @property
    def delta(self) -> float:
        """The probability of a wrong certificate."""
        return self.testers[-1].delta

    @property
    def drawn(self) -> NDArray[np.intp]:
        """The tested draws, in their order."""
        return self.testers[-1].drawn

    @property
    def unit(self) -> str:
        """The unit of an independent draw."""
        return self.testers[-1].unit

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        return f"intersection–union test against {', '.join(self.names)}; {self.testers[-1].method}"

    def losses(self, candidate: Candidate) -> Floats:
        """Return the loss on each row against each single model, (K, n) in [-1, 1]; 1 where it is not known."""
        return np.array([one.losses(candidate) for one in self.testers])

    def p_value(self, candidate: Candidate, losses: Floats) -> float:
        """Return the greatest p-value, if its losses are these, (K, n)."""
        return max(one.p_value(candidate, own) for one, own in zip(self.testers, losses, strict=True))

    def flagged(self, candidate: Candidate) -> Flags:
        """Return where a candidate serves an answer that is not same as some single model's, (n,)."""
        return np.asarray(np.any([one.flagged(candidate) for one in self.testers], axis=0))

    def unlabelled(self, candidate: Candidate) -> Flags:
        """Return the flagged rows whose loss against some single model is not known, (n,)."""
        return np.asarray(np.any([one.unlabelled(candidate) for one in self.testers], axis=0))

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate; its risk is that against the single model that it loses most against."""
        found = [one.test(candidate) for one in self.testers]
        return Trial(p=max(one.p for one in found), accepted=found[-1].accepted, risk=max(one.risk for one in found))

    def enough(self, candidate: Candidate) -> int | None:
        """Return the draws with which a candidate would pass at the rates seen; None if no number suffices."""
        found = [one.enough(candidate) for one in self.testers]
        return None if None in found else max(n for n in found if n is not None)

    def by_single(self, candidate: Candidate) -> dict[str, dict[str, float]]:
        """Return the loss seen and the p-value against each single model."""
        found = {name: one.test(candidate) for name, one in zip(self.names, self.testers, strict=True)}
        return {name: {"risk": one.risk, "p": one.p} for name, one in found.items()}


Tester: TypeAlias = PairedTester | PersonTester | EverySingle | EachSlice
"""Tests the candidates of a walk."""


def walk_pairs(tester: Tester, candidates: Sequence[Candidate]) -> Found:
    """Fixed-sequence test: candidates in their order, each at the full level, until the first failure."""
    trials: list[Trial] = []

    def p_values() -> Iterator[float]:
        for candidate in candidates:
            trials.append(tester.test(candidate))
            yield trials[-1].p

    passed = fixed_sequence(p_values(), tester.delta)
    method = f"fixed-sequence test from the safest policy down; {tester.method}"
    tests = tuple(
        {"step": step, **trial.to_json(), **_counts(tester, candidates[step])} for step, trial in enumerate(trials)
    )
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


def describe_person(tester: Tester, candidates: Sequence[Candidate]) -> dict[str, Any] | None:
    """Return the share of flagged rows that was drawn for a person, and how many were labelled; None without one."""
    one = tester.testers[-1] if isinstance(tester, EverySingle) else tester
    if not isinstance(one, PersonTester):
        return None
    flagged = np.any([tester.flagged(candidate) for candidate in candidates], axis=0) & one.picked
    missing = np.any([tester.unlabelled(candidate) for candidate in candidates], axis=0)
    n = int(flagged[tester.drawn].sum())
    return {"share": one.share, "drawn": n, "labelled": n - int(missing[tester.drawn].sum())}


def _counts(tester: Tester, candidate: Candidate) -> dict[str, Any]:
    """Return how many draws a candidate flags, and how many of them have no label; empty where none is needed."""
    if not tester.pairs.labelled:
        return {}
    flagged, missing = (one[tester.drawn] for one in (tester.flagged(candidate), tester.unlabelled(candidate)))
    counts: dict[str, Any] = {"flagged": int(flagged.sum()), "unlabelled": int(missing.sum())}
    return {**counts, "singles": tester.by_single(candidate)} if isinstance(tester, EverySingle) else counts
