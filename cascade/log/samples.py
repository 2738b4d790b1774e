"""log_samples(): reads a decision log as samples: answers, verdicts and features as served, labels, propensities."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cascade.errors import CascadeError
from cascade.exchange import Request, Response
from cascade.finish_reason import FINISH_UNKNOWN
from cascade.flow.repair import ASKED_AGAIN
from cascade.log.past import Past, pasts
from cascade.samples.key_set import KeySet
from cascade.samples.sample import DECISION, SAME_AS, Recording, Sample
from cascade.usage import Usage
from cascade.verdict import Verdict

if TYPE_CHECKING:
    from cascade.log.log import Log

ANNOTATIONS = "annotations"
"""Field of a recording: labels by annotator and dimension, as `cascade label` writes them."""


@dataclass(slots=True, kw_only=True)
class Skips:
    """Counts of what a log has and samples have not, with the reason."""

    decisions: Counter[str] = field(default_factory=Counter)
    """Decisions that make no sample, by reason."""

    labels: int = 0
    """Labels of rungs that did not answer, and so have no recording."""

    without_text: int = 0
    """Samples whose texts the log does not store."""

    before_features: int = 0
    """Samples from before schema 4: their features are put together from verdicts and length of the answer's text."""


def log_samples(
    log: Log,
    *,
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    ids: Collection[str] | None = None,
    skips: Skips | None = None,
) -> Iterator[Sample]:
    """Yield the decisions of a log as samples, in their order; memory holds a batch of decisions.

    A sample's recordings are the answers that were given, each with its features and verdicts as they were served. So a
    replay of the same policy decides as the log says, also without texts. An observed decision has a recording of every
    rung, and the propensity with which it was observed. A request that came several times makes a sample each time, all
    in one group.

    Args:
        log: the log.
        tasks: only these; None: all.
        since_ms: only decisions that ended then or later, Unix milliseconds.
        until_ms: only decisions that ended before.
        ids: only these decisions, some thousands at most.
        skips: counts what is left out.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    counts = Skips() if skips is None else skips
    with KeySet() as seen:
        for past in pasts(log, tasks=tasks, since_ms=since_ms, until_ms=until_ms, ids=ids):
            try:
                sample = _sample(past, counts)
            except (CascadeError, ValueError):
                counts.decisions["its rows are not those of a request"] += 1
                continue
            if sample is None:
                counts.decisions[f"no rung answered ({past.decision['outcome']})"] += 1
                continue
            if not seen.add(sample):
                sample = _again(sample, past)
                seen.add(sample)
            counts.without_text += sample.textless
            yield sample


def _again(sample: Sample, past: Past) -> Sample:
    """Return a sample of a request that came before, under an id of its own."""
    request = sample.request
    own = f"{request.id}.{past.decision['decision_id']}"
    return replace(sample, request=replace(request, id=own), hash_id=request.id)


def _sample(past: Past, skips: Skips) -> Sample | None:
    row, seen = past.decision, past.observed or past
    labels = past.labels_by_rung()
    recordings: dict[str, Recording] = {}
    for position, attempt in enumerate(seen.attempts):
        if attempt["failure"] is None:
            own = _recording(seen, position, labels.pop(attempt["rung"], None))
            people = {name: {"correct": value} for name, value in past.people(attempt["rung"]).items()}
            recordings[attempt["rung"]] = replace(own, extra={**own.extra, ANNOTATIONS: people}) if people else own
    if not recordings:
        return None
    skips.labels += len(labels)
    skips.before_features += any(attempt["features"] is None for attempt in seen.attempts if not attempt["failure"])
    messages = _messages(row["request_text"])
    request = Request(
        messages=messages or ({"role": "user", "content": ""},),
        task=row["task"],
        id=row["request_id"],
        session=row["session"],
        group=row["group"] or row["session"] or (f"request:{row['request_id']}" if past.repeated else None),
        tags=json.loads(row["tags"] or "{}"),
    )
    decided = {
        "id": row["decision_id"],
        "at": datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds"),
        "outcome": row["outcome"], "rung": row["rung"], "quality": row["quality"], "mode": row["mode"],
        "policy_sha256": row["policy_sha256"], "cost_usd": row["cost_usd"],
        "attempts": [{"rung": one["rung"], "action": one["action"], "reason": one["reason"]} for one in past.attempts],
        "observed": None if past.observed is None else True,
        "propensity": None if past.observed is None else seen.decision["propensity"],
        "prompt": row["prompt"],
    }  # fmt: skip
    return Sample(
        request=request,
        recordings=recordings,
        propensity=(seen.decision["propensity"] or 1.0) * past.drawn,
        textless=messages is None or any(one["answer_text"] is None for one in seen.attempts if not one["failure"]),
        extra={DECISION: {key: value for key, value in decided.items() if value is not None}},
    )


def _recording(past: Past, position: int, label: tuple[float, str] | None) -> Recording:
    row = past.attempts[position]
    verdicts = past.verdicts_at(position)
    flags = json.loads(row["flags"] or "[]")
    response = Response(
        text=row["answer_text"] or "",
        finish_reason=row["finish_reason"],
        usage=Usage(
            input_tokens=row["input_tokens"], output_tokens=row["output_tokens"], cached_tokens=row["cached_tokens"],
            reasoning_tokens=row["reasoning_tokens"], estimated=bool(row["usage_estimated"]),
        ),
        cost_usd=row["answer_usd"],
        latency_s=max(0.0, row["latency_s"] - sum(one["latency_s"] for one in verdicts)),
        model_reported=row["model_reported"],
        flags=tuple(flag for flag in flags if flag == FINISH_UNKNOWN or flag.startswith(ASKED_AGAIN)),
    )  # fmt: skip
    same = None if row["same_as"] is None else past.attempts[row["same_as"]]["rung"]
    return Recording(
        rung=row["rung"],
        model=row["model"],
        response=response,
        verdicts={one["verifier"]: _verdict(one) for one in verdicts},
        correct=None if label is None else label[0],
        label_source=None if label is None else label[1],
        features=past.features_at(position),
        extra={} if same is None else {SAME_AS: same},
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        name=row["verifier"], score=row["score"], veto=bool(row["veto"]), reason=row["reason"],
        signals=json.loads(row["signals"] or "{}"), cost_usd=row["cost_usd"], latency_s=row["latency_s"],
        calls=row["calls"], source="recorded", flags=tuple(json.loads(row["flags"] or "[]")),
    )  # fmt: skip


def _messages(text: str | None) -> tuple[Mapping[str, Any], ...] | None:
    """Return the stored messages; None where none are. JSON that redaction has broken is one message."""
    if text is None:
        return None
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
            return tuple(found)
    return ({"role": "user", "content": text},)
