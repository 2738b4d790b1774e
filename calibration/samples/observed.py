"""fit_rows(): of samples from a decision log, those that a policy may be fitted on, each as likely as the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from cascade.errors import DataError
from cascade.hashing import unit
from cascade.samples.reader import ChangedSamples, ChosenSamples
from cascade.samples.sample import DECISION, Sample

SALT = "cascade-observed-1"
"""Salt of the hashed choice that thins observed decisions; not the policy's, nor that of the split."""


def fit_rows(samples: Iterable[Sample], say: Callable[[str], None]) -> Iterable[Sample]:
    """Return the samples, without decisions of a log that would bias a fit.

    A cascade asks the rungs above only where it doubts, so decisions that it made tell nothing of them where it was
    sure. Where a task has observed decisions, which have every rung, only these are taken of a log. The share that is
    observed changes with the day's budget: decisions that were likelier to be observed are thinned by a hashed choice,
    until each is as likely as the others. Samples that are from no log are all taken.

    Args:
        samples: re-iterable samples.
        say: called with a sentence on what is left out, and on what the rest cannot tell.
    """
    observed: Counter[str] = Counter()
    served: Counter[str] = Counter()
    thinned: Counter[str] = Counter()
    least: dict[str, float] = {}
    for sample in samples:
        if DECISION in sample.extra:
            task = sample.request.task
            (observed if _is_observed(sample) else served)[task] += 1
            if _is_observed(sample):
                least[task] = min(least.get(task, 1.0), _propensity(sample))
    if not observed and not served:
        return samples
    for sample in samples if any(one < 1.0 for one in least.values()) else ():
        if DECISION in sample.extra and _is_observed(sample):
            thinned[sample.request.task] += not _kept(sample, least)
    for task in {**served, **observed}:
        if not observed[task]:
            say(
                f"{task}: none of its {served[task]:,} decisions was observed, so the rungs above are known only where "
                "it was escalated; rates of the first rung can be fitted, a comparison of rungs is of these requests "
                "only. Run with `mode: observe`, or a `share`, to record every rung."
            )
        elif served[task]:
            say(
                f"{task}: fitted on {observed[task]:,} observed decisions; {served[task]:,} that were not observed are "
                "left out."
            )
        if thinned[task]:
            say(
                f"{task}: the share that was observed changed, down to {least[task]:.3g}; {thinned[task]:,} of "
                f"{observed[task]:,} observed decisions are left out, so that each is as likely as the others."
            )
    chosen = ChosenSamples(
        samples,
        lambda sample: (
            DECISION not in sample.extra
            or not observed[sample.request.task]
            or (_is_observed(sample) and _kept(sample, least))
        ),
    )
    return ChangedSamples(chosen, _as_likely) if least else chosen


def require_observed(samples: Iterable[Sample], tasks: Collection[str]) -> None:
    """Check that tasks whose answers are compared with the reference's were observed, where they come from a log.

    Raises:
        DataError: all decisions of a task were the cascade's own: it asked the reference only where it doubted.
    """
    seen: dict[str, bool] = {}
    for sample in samples:
        if DECISION in sample.extra and sample.request.task in tasks:
            seen[sample.request.task] = seen.get(sample.request.task, False) or _is_observed(sample)
    for task, observed in seen.items():
        if not observed:
            message = (
                f"{task}: no decision of the log was observed, so the reference's answer is known only where the "
                "cascade escalated, which is no fair sample of the task. Run with `mode: observe`, or a `share`."
            )
            raise DataError(message)


def _decision(sample: Sample) -> dict[str, Any]:
    found = sample.extra.get(DECISION)
    return found if isinstance(found, dict) else {}


def _is_observed(sample: Sample) -> bool:
    return _decision(sample).get("observed") is True


def _propensity(sample: Sample) -> float:
    """Return the probability with which a decision was observed; 1 where the log does not tell."""
    found = _decision(sample).get("propensity")
    return float(found) if isinstance(found, int | float) and 0.0 < found <= 1.0 else 1.0


def _kept(sample: Sample, least: dict[str, float]) -> bool:
    own = str(_decision(sample).get("id", sample.request.id))
    u = unit(salt=SALT, purpose="thin", task=sample.request.task, rung="", request_id=own)
    return u * _propensity(sample) < least[sample.request.task]


def _as_likely(sample: Sample) -> Sample:
    """Return an observed decision with the propensity of its labels alone: that of observing is now all rows' own."""
    if not _is_observed(sample):
        return sample
    return replace(sample, propensity=min(1.0, sample.propensity / _propensity(sample)))
