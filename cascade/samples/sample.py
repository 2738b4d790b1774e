"""Sample: a request with a gold answer or labels, and recordings of rungs' answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cascade.errors import DataError
from cascade.exchange import EMPTY, Request, Response
from cascade.result import Attempt
from cascade.verdict import Verdict

SAME_AS = "same_as"
"""Field of a recording that a log made: the first rung of its decision that gave the same typed answer."""


DECISION = "decision"
"""Field of a sample from a log: what was decided, `{"id", "at", "outcome", "rung", "policy_sha256", "mode", …}`;
`observed` is true where the recordings are those of an observation, `propensity` that of observing it, `prompt` the
fingerprint of the system prompt that was served."""


AGAIN = "again"
"""Field of a recording: further answers to the same request, each with `content` and `tool_calls`."""


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

    features: Mapping[str, float | None] | None = None
    """What the combiner saw when the answer was served, by name; then its verdicts are those that were given, and none
    is computed anew. None: not served, features come from the verdicts and the answer."""

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

    textless: bool = False
    """True: the texts of request and answers were not stored, so no model can be asked and no verdict computed."""

    hash_id: str = ""
    """The id that hashed choices use; a request that was served twice makes two samples of one such id, in one group.
    Defaults to the request's own id."""

    extra: Mapping[str, Any] = EMPTY
    """Unknown fields, kept unchanged."""

    def __post_init__(self) -> None:
        """Fill in the id that hashed choices use."""
        if not self.hash_id:
            object.__setattr__(self, "hash_id", self.request.id)

    @property
    def at_s(self) -> float | None:
        """When it was served or recorded, Unix seconds: `decision.at` of a log, `at` of an import; None if not told."""
        decided = self.extra.get(DECISION)
        told = (decided.get("at") if isinstance(decided, Mapping) else None) or self.extra.get("at")
        try:
            found = datetime.fromisoformat(told) if isinstance(told, str) else None
        except ValueError:
            return None
        return None if found is None else (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()

    @property
    def key(self) -> tuple[str, str]:
        """Unique key: task and id."""
        return self.request.task, self.request.id


def answers_again(recording: Recording) -> list[Response]:
    """Return a recording's further answers to the same request; those that cannot be read are left out."""
    found = recording.extra.get(AGAIN)
    texts = [replace(recording.response, text=text, tool_calls=(), samples=()) for text in recording.response.samples]
    lines = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []
    return texts + [
        Response(
            text=str(one.get("content") or ""),
            tool_calls=tuple(call for call in one.get("tool_calls") or () if isinstance(call, Mapping)),
        )
        for one in lines
    ]


def require_text(sample: Sample, rungs: Sequence[str]) -> None:
    """Check that a sample can be explored: without its texts no model can be asked.

    Raises:
        DataError: its texts were not stored, and a rung has no recording.
    """
    missing = next((rung for rung in rungs if rung not in sample.recordings), None)
    if sample.textless and missing is not None:
        message = (
            f"Sample {sample.request.id} has no recording of rung {missing!r} and no text to ask it with, since its "
            "log stored none; use samples with every rung (observed traffic), or log with `store_text: full`."
        )
        raise DataError(message)


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
