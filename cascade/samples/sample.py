"""Samples: requests with a gold answer or labels, and recordings of what rungs answered to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cascade.exchange import EMPTY, Request, Response
from cascade.result import Attempt
from cascade.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one rung answered to a sample, recorded earlier."""

    rung: str
    """The rung's name; the model where none was recorded."""

    model: str
    """The model that answered."""

    response: Response
    """Its answer; `cost_usd` is None where none was recorded."""

    verdicts: Mapping[str, Verdict] = EMPTY
    """Recorded verdicts by verifier; they beat computed ones of the same name."""

    correct: float | None = None
    """How right the answer is, in [0, 1]; None: not labelled."""

    label_source: str | None = None
    """Who says so: gold, human, judge:…"""

    extra: Mapping[str, Any] = EMPTY
    """Fields that this release does not know, kept as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request with what is known about its right answer, and recordings of some rungs."""

    request: Request
    """The request; its id names the sample within its task."""

    gold: Any = None
    """The right answer, where one is known."""

    recordings: Mapping[str, Recording] = field(default_factory=dict)
    """By rung name, in no particular order."""

    propensity: float = 1.0
    """The probability with which this sample was chosen to be labelled, in (0, 1]."""

    extra: Mapping[str, Any] = EMPTY
    """Fields that this release does not know, kept as they were."""

    @property
    def key(self) -> tuple[str, str]:
        """What must be unique: task and id."""
        return self.request.task, self.request.id


def recorded(sample: Sample, attempts: Iterable[Attempt]) -> Sample:
    """Return the sample with what a tour brought added to its recordings; labels that are there stay."""
    recordings = dict(sample.recordings)
    for attempt in attempts:
        if attempt.response is None:
            continue
        verdicts = {verdict.name: verdict for verdict in attempt.verdicts}
        old = recordings.get(attempt.rung)
        if old is not None:
            recordings[attempt.rung] = replace(old, verdicts={**verdicts, **old.verdicts})
        else:
            recordings[attempt.rung] = Recording(
                rung=attempt.rung, model=attempt.model, response=attempt.response, verdicts=verdicts
            )
    return replace(sample, recordings=recordings)
