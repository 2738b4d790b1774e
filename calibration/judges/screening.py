"""Judge screening: upper bounds of a judge's false-accept rate and flip rate decide on its admission.

A judge that can be fooled into passing wrong answers makes a cascade confidently wrong, and one with inconsistent
verdicts cannot be calibrated. Both are measured on probes (`probes.py`) before a policy may use a judge, and the result
is stored in the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from calibration.stats.margin import bound_mean
from cascade.errors import ConfigError
from cascade.policy.judge_screening import JudgeScreening, Share
from cascade.policy.policy import Policy
from cascade.verdict import Verdict

PROBES = 200
"""Least number of wrong answers that a judge is shown."""
REPEATED = 100
"""Ordinary answers that it is shown several times."""
TIMES = 5
"""Number of times each of them is shown."""
MAX_FALSE_ACCEPTS = 0.05
"""Limit on the upper bound of an admitted judge's false-accept rate, the share of wrong answers that it passes."""
MAX_FLIPS = 0.10
"""Limit on the upper bound of its flip rate, the share of answers with inconsistent verdicts."""
CONFIDENCE = 0.95
"""Confidence of each upper bound (exact, Clopper & Pearson 1934)."""

UNPROBED = "not probed"


class JudgeNotAdmitted(ConfigError):
    """A judge failed its probes, so a policy may not use it."""

    exit_code = 1


def screen(
    judge: str,
    model: str,
    rungs: Sequence[str],
    shown: Iterable[tuple[str, Verdict]],
    repeated: Iterable[Sequence[Verdict]],
    *,
    pass_at: float,
    n_samples: int,
    **recorded: Any,
) -> JudgeScreening:
    """Screen a judge by its verdicts on probes.

    Args:
        judge: the verifier's name.
        model: its model.
        rungs: the rungs it judges.
        shown: the kind of each wrong answer, and the verdict on it; failed calls are left out.
        repeated: the verdicts on each answer that was shown several times.
        pass_at: the score from which on an answer passes.
        n_samples: number of samples that the probes were made of.
        recorded: further fields of `JudgeScreening`.
    """
    seen, passed, abstained, gated, cost = Counter[str](), Counter[str](), 0, 0, 0.0
    for kind, verdict in shown:
        seen[kind] += 1
        passed[kind] += passes(verdict, pass_at)
        abstained += verdict.abstained
        gated += verdict.veto
        cost += verdict.cost_usd
    flipped, times = 0, []
    for verdicts in repeated:
        times.append(len(verdicts))
        flipped += len({passes(verdict, pass_at) for verdict in verdicts}) > 1
        cost += sum(verdict.cost_usd for verdict in verdicts)
    accepts, flips = _share(passed.total(), seen.total()), _share(flipped, len(times))
    found = JudgeScreening(
        judge=judge,
        model=model,
        rungs=tuple(rungs),
        admitted=False,
        false_accepts=accepts,
        by_kind={kind: (passed[kind], n) for kind, n in seen.items()},
        flips=flips,
        times=max(times, default=TIMES),
        abstained=abstained,
        gated=gated,
        n_samples=n_samples,
        pass_at=pass_at,
        confidence=CONFIDENCE,
        cost_usd=cost,
        **recorded,
    )
    why = _why_not(found, accepts, flips)
    return replace(found, admitted=why is None, why=why)


def unprobed(
    judge: str,
    rungs: Sequence[str],
    verdicts: Iterable[tuple[float | None, Verdict]],
    *,
    pass_at: float,
    model: str = "",
) -> JudgeScreening:
    """Screen a judge by recordings only: how many recorded wrong answers it passed; never admits it.

    Args:
        judge: the name of its recorded verdicts.
        rungs: the rungs it judged.
        verdicts: each answer's correctness (None: not known), and the verdict on it.
        pass_at: the score from which on an answer passes.
        model: its model, if known.
    """
    wrong = [verdict for correct, verdict in verdicts if correct == 0.0]
    passed = sum(passes(verdict, pass_at) for verdict in wrong)
    return JudgeScreening(
        judge=judge,
        model=model,
        rungs=tuple(rungs),
        admitted=False,
        why=UNPROBED,
        false_accepts=_share(passed, len(wrong)) if wrong else None,
        by_kind={"wrong_answer": (passed, len(wrong))} if wrong else {},
        abstained=sum(verdict.abstained for verdict in wrong),
        gated=sum(verdict.veto for verdict in wrong),
        n_samples=len(wrong),
        pass_at=pass_at,
    )


def passes(verdict: Verdict, pass_at: float) -> bool:
    """Return whether a verdict passes an answer."""
    return not verdict.veto and verdict.score is not None and verdict.score >= pass_at


def overridden(admissions: Iterable[JudgeScreening], names: Sequence[str]) -> tuple[JudgeScreening, ...]:
    """Return the screenings, with the judges of `names` admitted by override.

    Raises:
        ConfigError: a name is not a screened judge.
    """
    found = tuple(admissions)
    for name in names:
        if name not in {one.judge for one in found}:
            judges = ", ".join(one.judge for one in found) or "none"
            message = f"There is no judge {name!r} to admit; the judges are: {judges}."
            raise ConfigError(message)
    return tuple(replace(one, overridden=True) if one.judge in names and not one.admitted else one for one in found)


def sentence(one: JudgeScreening) -> str:
    """Return the result of a judge's screening, in a sentence."""
    standing = "admitted" if one.admitted else f"not admitted: {one.why}"
    if one.overridden:
        standing += " (used all the same, by --admit-judge)"
    accepts, flips = one.false_accepts, one.flips
    of = "recorded wrong answers" if flips is None else "wrong answers"
    parts = []
    if accepts is not None:
        parts.append(f"passed {accepts.count} of {accepts.n} {of} (up to {100 * accepts.high:.1f} %)")
    if flips is not None:
        parts.append(f"was inconsistent on {flips.count} of {flips.n} (up to {100 * flips.high:.1f} %)")
    figures = f"; {', '.join(parts)}" if parts else ""
    sure = f"with {100 * one.confidence:g} % confidence"
    return f"Judge {one.judge} ({one.model or 'model unknown'}): {standing}{figures}; {sure}."


def refusal(admissions: Iterable[JudgeScreening]) -> str | None:
    """Return why a policy may not use one of the judges; None if it may. Judges not probed are only recorded."""
    for one in admissions:
        if not one.may_serve and one.why != UNPROBED:
            return (
                f"The judge {one.judge!r} ({one.model or 'model unknown'}) is not admitted: {one.why}. Use another "
                f"judge, leave it out (--verifiers), or use it all the same (--admit-judge {one.judge})."
            )
    return None


def with_judges(policy: Policy, admissions: Iterable[JudgeScreening]) -> Policy:
    """Return the policy with the screening of its judges stored in it.

    Raises:
        JudgeNotAdmitted: a judge was probed and failed.
    """
    found = tuple(admissions)
    why = refusal(found)
    if why is not None:
        raise JudgeNotAdmitted(why)
    return replace(policy, judges=found)


def _share(count: int, n: int) -> Share:
    if not n:
        return Share(count=0, n=0, high=1.0)
    margin = bound_mean([1.0] * count + [0.0] * (n - count), 1.0 - CONFIDENCE)
    return Share(count=count, n=n, high=1.0 if margin.high is None else margin.high)


def _why_not(found: JudgeScreening, accepts: Share, flips: Share) -> str | None:
    if accepts.n < PROBES:
        return f"only {accepts.n} of the {PROBES} probes that are needed were judged"
    if found.abstained > accepts.n / 2:
        return f"it abstained on {found.abstained} of {accepts.n} probes"
    if accepts.high > MAX_FALSE_ACCEPTS:
        worst = max(found.by_kind, key=lambda kind: (found.by_kind[kind][0] / found.by_kind[kind][1], kind))
        passed, shown = found.by_kind[worst]
        return (
            f"it passed {accepts.count} of {accepts.n} wrong answers, so up to {_percent(accepts.high)} "
            f"({_percent(CONFIDENCE)} confidence; {_percent(MAX_FALSE_ACCEPTS)} are allowed); worst at {worst}: "
            f"{passed} of {shown}"
        )
    if flips.high > MAX_FLIPS:
        return (
            f"it was inconsistent on {flips.count} of {flips.n} answers in {found.times} calls each, so on up to "
            f"{_percent(flips.high)} ({_percent(CONFIDENCE)} confidence; {_percent(MAX_FLIPS)} are allowed)"
        )
    return None


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
