"""fit_rows(): of samples from a decision log, those that a policy may be fitted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from cascade.samples.reader import ChosenSamples
from cascade.samples.sample import Sample

DECISION = "decision"
"""Field of a sample that `cascade samples` has written."""


def fit_rows(samples: Iterable[Sample], say: Callable[[str], None]) -> Iterable[Sample]:
    """Return the samples, without decisions of a log that would bias a fit.

    A cascade asks the rungs above only where it doubts, so decisions that it made tell nothing of them where it was
    sure. Where a task has observed decisions, which have every rung, only these are taken of a log. Samples that are
    from no log are all taken.

    Args:
        samples: re-iterable samples.
        say: called with a sentence on what is left out, and on what the rest cannot tell.
    """
    observed: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for sample in samples:
        if DECISION in sample.extra:
            (observed if _is_observed(sample) else served)[sample.request.task] += 1
    if not observed and not served:
        return samples
    for task, n in served.items():
        if observed[task]:
            say(f"{task}: fitted on {observed[task]:,} observed decisions; {n:,} that were not observed are left out.")
        else:
            say(
                f"{task}: none of its {n:,} decisions was observed, so the rungs above are known only where it was "
                "escalated; rates of the first rung can be fitted, a comparison of rungs is of these requests only. "
                "Run with `mode: observe`, or a `share`, to record every rung."
            )
    return ChosenSamples(
        samples,
        lambda sample: DECISION not in sample.extra or not observed[sample.request.task] or _is_observed(sample),
    )


def _is_observed(sample: Sample) -> bool:
    found = sample.extra.get(DECISION)
    return isinstance(found, dict) and found.get("observed") is True
