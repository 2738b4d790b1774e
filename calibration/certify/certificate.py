"""Certificate: the bound that a task's policy keeps, its hypothesis test, and the assumptions under which it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calibration.certify.weighting import Weighting
from cascade.policy.operating_point import OperatingPoint

VOID_WHEN = (
    "a model, its version or its parameters change",
    "a prompt template, a system prompt, tools or a schema change",
    "a verifier, a combiner or a threshold changes",
    "traffic becomes other than what was sampled",
)
"""When a certificate is void and the safest policy must serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The outcome of certifying one task; JSON in policy and report."""

    bound: Mapping[str, Any]
    """The bound to certify: kind, value, confidence."""

    certified: bool
    """Whether the bound holds at the confidence asked for; if not, the safest policy serves."""

    why: str | None
    """Reason, as text; None where certified."""

    labels_needed: int | None
    """Estimated further labelled samples (or groups, by `unit`) to pass, path and certificate together, if errors come
    at the rate seen; None where certified, or if no number suffices."""

    delta: float
    """The probability that this certificate is wrong, at most: 1 − confidence, divided by the number of tasks."""

    tasks: int
    """Number of tasks that 1 − confidence is divided by."""

    method: str
    """The test and the rule that chose its p-value, as text."""

    unit: str
    """The unit of an independent draw: sample or group."""

    n: int
    """Independent draws in the test."""

    samples: int
    """Samples of these draws."""

    accepted: int | None
    """Draws that the certified policy accepts below the top; None where not certified."""

    risk: float | None
    """The observed risk: share of errors among accepted answers, or mean loss; None where not certified."""

    p_value: float | None
    """The largest p-value of the certificate; None for threshold searches, which have levels instead."""

    tests: tuple[Mapping[str, Any], ...]
    """All tests or looks in order, with their figures."""

    label_sources: tuple[str, ...]
    """Sources of the labels: gold, human, judge:…; empty if not known."""

    assumptions: tuple[str, ...]
    """Assumptions of the certificate, as text."""

    void_when: tuple[str, ...] = VOID_WHEN
    """Events that void it, as text."""

    parts: tuple[Mapping[str, Any], ...] = ()
    """Of several bounds, each with its draws, test, risk and p-value; empty for one bound."""

    weighting: Mapping[str, Any] | None = None
    """How often a group of samples counts (`weighting`); None where samples are independent."""

    disagreement: Mapping[str, Any] | None = None
    """Of a bound on disagreement: its bound in words, whose sameness, the look, the rows outside; else None."""

    each: Mapping[str, Any] | None = None
    """Where every value of a tag has to keep the bound: the tag, and each slice's draws, risk, p-value and outcome."""

    pairs: Mapping[str, Any] | None = None
    """Of a loss on pairs, the same, with the labels and the audit; else None."""

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as it stands in a policy; finite numbers and plain lists only."""
        told = {name: getattr(self, name) for name in ("weighting", "disagreement", "each", "pairs")}
        about = {name: dict(found) for name, found in told.items() if found is not None}
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in told},
            **about,
            "bound": dict(self.bound),
            "tests": [dict(test) for test in self.tests],
            "parts": [dict(part) for part in self.parts],
            **{name: list(getattr(self, name)) for name in ("label_sources", "assumptions", "void_when")},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate and its policy."""

    points: tuple[OperatingPoint, ...]
    """The points that serve: the cheapest certified policy, or the safest, which always asks the reference."""

    index: int | None
    """Its index on the path; None for the safest policy, or one found by threshold search."""

    certificate: Certificate
    """Its certificate."""


def state_assumptions(
    *,
    task: str,
    weighting: Weighting | None,
    label_sources: tuple[str, ...],
    confidence: float,
    delta: float,
    tasks: int,
    left_out: int,
    extra: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return the assumptions of a certificate, as text.

    Args:
        task: the task.
        weighting: how often a group counts; None where samples are independent.
        label_sources: sources of the labels.
        confidence: the confidence asked for.
        delta: this task's share of 1 − confidence.
        tasks: number of tasks that share it.
        left_out: samples that lack recordings or labels.
        extra: assumptions of the test itself.
    """
    stated = [*state_traffic(task), about_labels(label_sources)]
    if tasks > 1:
        stated.append(state_tasks(tasks, confidence, delta))
    if weighting is not None:
        stated += weighting.sentences()
    if left_out:
        stated.append(
            f"{left_out} samples without the needed recordings or labels were left out: whether they are missing is "
            "independent of how right the answers are."
        )
    return (*stated, *extra)


def state_traffic(task: str) -> tuple[str, ...]:
    """Return what every certificate assumes of the traffic, and which policy it is about."""
    return (
        "Requests to come are exchangeable with the samples: the same mix of the same traffic.",
        f"It is about task {task!r} and exactly this policy, thresholds and combiners included.",
    )


def state_tasks(tasks: int, confidence: float, delta: float) -> str:
    """Return how the certificates of several tasks hold together."""
    return (
        f"The certificates of all {tasks} tasks hold together with confidence {confidence:g}: each may fail with "
        f"probability {delta:.3g} (Bonferroni)."
    )


def about_labels(sources: tuple[str, ...]) -> str:
    """Return what is assumed of the labels, as a sentence."""
    judges = [source for source in sources if source.startswith("judge")]
    if judges:
        return (
            f"Labels come from {', '.join(judges)}: the bound is on disagreement with the judge, whose own mistakes "
            "are not counted."
        )
    return f"Labels ({', '.join(sources) or 'of unknown source'}) are right."
