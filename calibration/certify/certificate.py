"""Certificate: what is promised about a task's policy, how it was tested, and under which assumptions it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.policy.operating_point import OperatingPoint

VOID_WHEN = (
    "a model, its version or its parameters change",
    "a prompt template, a system prompt, tools or a schema change",
    "a verifier, a combiner or a threshold changes",
    "traffic becomes other than what was sampled",
)
"""When a certificate says nothing any more and the safest policy must serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The outcome of certifying one task; JSON in policy and report."""

    bound: Mapping[str, Any]
    """What was to be certified: kind, value, confidence."""

    certified: bool
    """Whether the bound holds with the confidence asked for; if not, the safest policy serves."""

    why: str | None
    """In words, why not; None where certified."""

    labels_needed: int | None
    """How many more labelled samples (or groups, by `unit`) it would take, path and certificate together, if errors
    keep coming as seen; None where certified, or where no number will do."""

    delta: float
    """The probability with which this certificate may be wrong: 1 − confidence, divided by the number of tasks."""

    tasks: int
    """How many tasks 1 − confidence was divided over."""

    method: str
    """The test and the rule by which its p-value was chosen, in words."""

    unit: str
    """What counts as one independent draw: sample or group."""

    n: int
    """Independent draws that the test used."""

    samples: int
    """Samples that they came from."""

    accepted: int | None
    """Of the draws, those that the certified policy answers below the top; None where not certified."""

    risk: float | None
    """The risk that was seen: share of errors among accepted answers, or mean loss; None where not certified."""

    p_value: float | None
    """The largest p-value that the certificate rests on; None for threshold searches, which have levels instead."""

    tests: tuple[Mapping[str, Any], ...]
    """Every test or look in order, with its figures."""

    label_sources: tuple[str, ...]
    """Who labelled: gold, human, judge:…; empty where not known."""

    assumptions: tuple[str, ...]
    """What must be true for the certificate to hold, in words."""

    void_when: tuple[str, ...] = VOID_WHEN
    """What ends it, in words."""

    parts: tuple[Mapping[str, Any], ...] = ()
    """Of several bounds, each with its draws, test, risk and p-value; empty for one bound."""

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as it stands in a policy; finite numbers and plain lists only."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "bound": dict(self.bound),
            "tests": [dict(test) for test in self.tests],
            "parts": [dict(part) for part in self.parts],
            **{name: list(getattr(self, name)) for name in ("label_sources", "assumptions", "void_when")},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate and the policy that it is about."""

    points: tuple[OperatingPoint, ...]
    """What serves: the cheapest policy that was certified, or the safest, which always asks the reference."""

    index: int | None
    """Its place on the path; None where it is the safest, or was found by threshold."""

    certificate: Certificate
    """What is promised about it."""


def state_assumptions(
    *,
    task: str,
    unit: str,
    label_sources: tuple[str, ...],
    confidence: float,
    delta: float,
    tasks: int,
    left_out: int,
    extra: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return in words what a certificate takes for granted.

    Args:
        task: the task.
        unit: sample or group.
        label_sources: who labelled.
        confidence: what was asked for.
        delta: what is left for this task.
        tasks: how many tasks share it.
        left_out: samples without the recordings or labels that are needed.
        extra: what the test itself assumes.
    """
    said = [
        "Requests to come are exchangeable with the samples: the same mix of the same traffic.",
        f"It is about task {task!r} and exactly this policy, thresholds and combiners included.",
        _about_labels(label_sources),
    ]
    if tasks > 1:
        said.append(
            f"The certificates of all {tasks} tasks hold together with confidence {confidence:g}: each may fail with "
            f"probability {delta:.3g} (Bonferroni)."
        )
    if unit == "group":
        said.append(
            "Samples of one group are not independent, so each group counts once: the risk is that of a request drawn "
            "from a group drawn at random."
        )
    if left_out:
        said.append(
            f"{left_out} samples without the needed recordings or labels were left out: that they lack them has "
            "nothing to do with how right their answers are."
        )
    return (*said, *extra)


def _about_labels(sources: tuple[str, ...]) -> str:
    judges = [source for source in sources if source.startswith("judge")]
    if judges:
        return (
            f"Labels come from {', '.join(judges)}: what is bounded is disagreement with the judge, and its own "
            "mistakes are not counted."
        )
    return f"Labels ({', '.join(sources) or 'of unknown source'}) are right."
