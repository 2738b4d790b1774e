"""Hypothesis tests of a certificate: a fixed-sequence test down a path of policies, or a threshold search by SPEND."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.certify.shortfall import enough_draws, enough_losses, enough_pairs, enough_rows
from calibration.certify.verification import Candidate, Verification, answering
from calibration.samples.replayed import confidences
from calibration.samples.table import Table
from calibration.stats.noninferiority import MOST, noninferiority_p
from calibration.stats.risk import bets, betting_p, binomial_p, fixed_sequence
from calibration.stats.spending import bet, spend
from calibration.targets.bound import Bound, MaxError, MaxLoss
from cascade.policy.operating_point import OperatingPoint, Threshold

MONOTONE = "Among answers of one rung, the probability of being right does not fall as confidence rises."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Result of one hypothesis test of one candidate."""

    p: float
    """The p-value."""

    accepted: int
    """Draws accepted below the top; requests where groups are weighted."""

    risk: float
    """The observed risk; 0 where nothing was accepted."""

    def to_json(self) -> dict[str, Any]:
        """Return the test as it stands in a certificate."""
        return {"accepted": self.accepted, "risk": self.risk, "p": self.p}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Result of all tests of a bound."""

    method: str
    """Test and rule, as text."""

    tests: tuple[Mapping[str, Any], ...]
    """All tests or looks, in order."""

    points: tuple[OperatingPoint, ...] = ()
    """The certified policy; empty if none."""

    step: int | None = None
    """Its index on the path; None if none is certified, or it was found by threshold search."""

    last: Trial | None = None
    """The test that certified it; if none did, the one that failed."""

    p: float | None = None
    """The greatest p-value of the certificate; None without one, or for a threshold search."""

    enough: int | None = None
    """If nothing is certified: total draws that would certify at the rates seen; None if no number does."""

    assumptions: tuple[str, ...] = ()
    """Assumptions of the test beyond independent draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tester:
    """Tests candidates on the verification samples, by a rule fixed before."""

    rows: Verification
    """The samples that certify."""

    bound: Bound
    """The bound to certify."""

    delta: float
    """The probability of a wrong certificate."""

    fractional: bool
    """Whether labels are fractional, as known from other samples."""

    @property
    def betting(self) -> bool:
        """Whether the betting test is used; depends on the labels' type and the number of draws only."""
        if self.rows.most > 1:
            return True
        if not isinstance(self.bound, MaxLoss):
            return self.fractional
        return bets(len(self.rows.drawn), self.bound.value, grouped=False, fractional=self.fractional)

    @property
    def method(self) -> str:
        """The test of one candidate, as text."""
        what = "errors among accepted answers" if isinstance(self.bound, MaxError) else "loss against the reference"
        if self.rows.most > 1:
            return f"betting test of {what}, groups weighted by their requests (Waudby-Smith and Ramdas 2020)"
        if self.fractional:
            return f"betting test of {what}, since labels are fractional (Waudby-Smith and Ramdas 2020)"
        if isinstance(self.bound, MaxError):
            return f"exact binomial test of {what}"
        if self.betting:
            return f"betting test of {what}, since draws exceed {MOST:,} (Waudby-Smith and Ramdas 2020)"
        return f"exact test of {what}, answer by answer (Hsueh, Liu and Chen 2001)"

    def observe(self, candidate: Candidate) -> tuple[Floats, Trial]:
        """Return the tested values (errors of accepted draws, or losses of draws or groups) and the test.

        Groups that are weighted have the value ε − Σ (ε − D) / n_max: its mean exceeds ε where the risk of a random
        request does.
        """
        answered = self.rows.answered(candidate)
        if self.rows.most > 1:
            return self._weighted(answered)
        accepted = int(np.count_nonzero(answered[self.rows.drawn] != len(self.rows.table.rungs) - 1))
        if isinstance(self.bound, MaxError):
            wrong = self.rows.errors(answered)
            seen = wrong if self.betting else np.ceil(wrong)
            return seen, Trial(p=self._p(seen), accepted=accepted, risk=float(wrong.mean()) if len(wrong) else 0.0)
        losses = self.rows.losses(answered)[self.rows.drawn]
        # Losses rounded up to whole ones: counting these is valid whatever the labels.
        seen = losses if self.betting else np.ceil(losses)
        return seen, Trial(p=self._p(seen), accepted=accepted, risk=float(losses.mean()) if len(losses) else 0.0)

    def _weighted(self, answered: NDArray[np.intp]) -> tuple[Floats, Trial]:
        """Return the tested values of groups that count by their requests, and the test."""
        rows, bound = self.rows, self.bound.value
        below = answered != len(rows.table.rungs) - 1
        if isinstance(self.bound, MaxError):
            wrong = np.zeros(len(below))
            wrong[below] = 1.0 - rows.table.correct[below, answered[below]]
            spare = rows.weighted(np.where(below, bound - wrong, 0.0))
            spare = spare[rows.weighted(below.astype(np.float64)) > 0.0]  # the others accept nothing
            risk = float(wrong[below].mean()) if below.any() else 0.0
        else:
            losses = rows.losses(answered)
            spare = rows.weighted(bound - losses)
            risk = float(losses.mean()) if len(losses) else 0.0
        low = 0.0 if isinstance(self.bound, MaxError) else -1.0
        seen = np.clip(bound - spare, low, 1.0)  # rounding may leave the range by an ulp
        return seen, Trial(p=self._p(seen), accepted=int(np.count_nonzero(below)), risk=risk)

    def test(self, candidate: Candidate) -> Trial:
        """Test one candidate."""
        return self.observe(candidate)[1]

    def _p(self, seen: Floats) -> float:
        loss, most = isinstance(self.bound, MaxLoss), self.bound.value
        if self.betting:
            return betting_p(seen, most, low=-1.0 if loss else 0.0)
        if loss:
            return noninferiority_p(int(np.sum(seen > 0.0)), int(np.sum(seen < 0.0)), len(seen), most)
        return float(binomial_p(seen.sum(), len(seen), most))

    def enough(self, candidate: Candidate) -> int | None:
        """Return the total draws with which a candidate would pass at the rates seen; None if no number suffices."""
        (seen, _), n = self.observe(candidate), len(self.rows.drawn)
        if not len(seen):
            return None
        if self.betting:
            low = -1.0 if isinstance(self.bound, MaxLoss) else 0.0
            found = enough_losses(seen, self.bound.value, self.delta, low=low, high=1.0)
        elif isinstance(self.bound, MaxLoss):
            found = enough_pairs(seen, self.bound.value, self.delta)
        else:
            found = enough_draws(float(seen.sum()), len(seen), self.bound.value, self.delta)
        return None if found is None else -(-found * n // len(seen))


def walk(tester: Tester, path: Sequence[Candidate], learnt: Table | None) -> Found:
    """Fixed-sequence test: candidates from the dearest down, each at the full delta, until the first failure."""
    start = 0
    if isinstance(tester.bound, MaxError) and learnt is not None and path:
        start = choose_start(tester, path, learnt)
    trials: list[Trial] = []

    def p_values() -> Iterator[float]:
        for candidate in path[start:]:
            trials.append(tester.test(candidate))
            yield trials[-1].p

    passed = fixed_sequence(p_values(), tester.delta)
    method = f"fixed-sequence test down the path; {tester.method}"
    tests = tuple({"step": start + j, **trial.to_json()} for j, trial in enumerate(trials))
    if not passed:
        enough = tester.enough(path[start]) if trials else None
        return Found(method=method, tests=tests, last=trials[0] if trials else None, enough=enough)
    step = start + passed - 1
    return Found(
        method=method,
        tests=tests,
        points=tuple(path[step]),
        step=step,
        last=trials[passed - 1],
        p=max(trial.p for trial in trials[:passed]),
    )


def choose_start(tester: Tester, path: Sequence[Candidate], learnt: Table) -> int:
    """Return the step most likely to pass the test of `MaxError`, by the samples that the path was learnt from.

    The dearest policies accept too few answers to be tested, and a sequence ends at its first failure. Samples other
    than the verification samples may choose its start (split fixed-sequence testing, Angelopoulos et al. 2021).
    """
    return int(np.argmax(pass_chances(tester, path, learnt)))


def pass_chances(tester: Tester, path: Sequence[Candidate], learnt: Table) -> Floats:
    """Return each candidate's probability to pass the test of `MaxError`, by samples other than its own."""
    from scipy.special import bdtr
    from scipy.stats import binom

    rows = learnt.take(np.all(learnt.present, axis=1))
    share = len(tester.rows.drawn) / max(len(rows), 1)
    chances = []
    for candidate in path:
        answered = answering(rows, candidate, salt=tester.rows.salt)
        below = np.flatnonzero(answered != len(rows.rungs) - 1)
        wrong = 1.0 - rows.correct[below, answered[below]]
        wrong = wrong[~np.isnan(wrong)]
        rate, size = (wrong.sum() + 0.5) / (len(wrong) + 1.0), round(share * len(below))
        # The critical value: one fewer than the smallest count that is too probable.
        most = binom.ppf(tester.delta, size, tester.bound.value) - 1 if size else -1
        most += most >= -1 and size > 0 and binom.cdf(most + 1, size, tester.bound.value) <= tester.delta
        chances.append(float(bdtr(most, size, rate)) if most >= 0 else 0.0)
    return np.array(chances)


def search_threshold(tester: Tester, pair: OperatingPoint) -> Found:
    """Search the threshold of the one rung below the reference by SPEND, or by betting if labels are fractional."""
    rung = pair.rungs[0]
    table = tester.rows.table
    rows = table.take(tester.rows.drawn).on(pair.rungs)
    rows = rows.take(~rows.forced[:, 0])
    scores = confidences(rows, rung, pair.combiners[rung], {})
    right = rows.correct[:, 0] if tester.fractional else np.floor(rows.correct[:, 0])
    spent = (bet if tester.fractional else spend)(scores, right, tester.bound.value, tester.delta)
    critical = spent.critical or (None,) * len(spent.looks)
    tests = tuple(
        {"accepted": k, "errors": errors, "critical": e}
        for k, errors, e in zip(spent.looks, spent.errors, critical, strict=True)
    )
    if tester.fractional:
        method = "search of one threshold by betting in order of confidence, since labels are fractional"
    else:
        method = f"SPEND: search of one threshold over {len(spent.looks)} looks, each at level {spent.level:.3g}"
    if spent.threshold is None or spent.passed is None:
        return Found(method=method, tests=tests, enough=_enough_rows(tester, scores, right), assumptions=(MONOTONE,))
    accepted = spent.looks[spent.passed]
    return Found(
        method=method,
        tests=tests,
        points=(
            OperatingPoint(
                rungs=pair.rungs,
                thresholds=(Threshold(t=spent.threshold, g=0.0),),
                combiners={rung: pair.combiners[rung]},
            ),
        ),
        last=Trial(p=spent.level, accepted=accepted, risk=spent.errors[spent.passed] / accepted),
        assumptions=(MONOTONE,),
    )


def _enough_rows(tester: Tester, scores: Floats, right: Floats) -> int | None:
    """Return the total draws with which some threshold would pass at the rates seen; None if no number suffices."""
    if not len(scores):
        return None
    wrong = (1.0 - right)[np.argsort(-scores, kind="stable")]
    bound, delta = tester.bound.value, tester.delta
    if tester.fractional:
        tried = np.unique(np.linspace(1, len(wrong), 8).astype(int))
        sizes = [(enough_losses(wrong[:k], bound, delta, low=0.0, high=1.0), int(k)) for k in tried]
        found = min((-(-size * len(wrong) // k) for size, k in sizes if size is not None), default=None)
    else:
        found = enough_rows(wrong, bound, delta)
    return None if found is None else -(-found * len(tester.rows.drawn) // len(scores))
