"""Sample: a request with a gold answer or labels, and recordings of rungs' answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cascade.exchange import EMPTY, Request, Response
from cascade.result import Attempt
from cascade.verdict import Verdict


class SampleWarning(UserWarning):
    """A file of samples can be read in two ways; says which was taken. Given once a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Recorded answer of one rung to a sample."""

    rung: str
    """The rung's name; the model if none was recorded."""

    model: str
    """The model that answered."""

    response: Response
    """Its answer; `cost_usd` is None if not recorded."""

    verdicts: Mapping[str, Verdict] = EMPTY
    """Recorded verdicts by verifier; they take precedence over computed ones of the same name."""

    correct: float | None = None
    """Label of the answer, in [0, 1]: how right it is; None if unlabelled."""

    label_source: str | None = None
    """Source of the label: gold, human, judge:…"""

    extra: Mapping[str, Any] = EMPTY
    """Unknown fields, kept unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request with its gold answer or labels, and recordings of some rungs."""

    request: Request
    """The request; its id names the sample within its task."""

    gold: Any = None
    """The gold answer; None if unknown."""

    recordings: Mapping[str, Recording] = field(default_factory=dict)
    """By rung name, in no particular order."""

    propensity: float = 1.0
    """Propensity: the probability of being chosen for labelling, in (0, 1]."""

    extra: Mapping[str, Any] = EMPTY
    """Unknown fields, kept unchanged."""

    @property
    def key(self) -> tuple[str, str]:
        """Unique key: task and id."""
        return self.request.task, self.request.id


def recorded(sample: Sample, attempts: Iterable[Attempt]) -> Sample:
    """Add the attempts of a tour to the sample's recordings; existing labels stay."""
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
