"""Learned samples: every recording has the verdicts of the verifiers that learn from texts, by their fitted scorers.

A sample that a scorer was fitted on has the score of one that did not see it (`scorer_fits`); all others, and new
requests, are scored by the one that serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from calibration.arrays import Floats
from cascade.errors import DataError
from cascade.exchange import EMPTY
from cascade.ladder import Ladder
from cascade.policy.policy import Policy
from cascade.policy.text_scorer import NOT_FITTED, TextScorer, hash_words
from cascade.redaction import CUT
from cascade.samples.sample import DECISION, Recording, Sample
from cascade.verdict import Verdict

Scorers = Mapping[str, Mapping[str, Mapping[str, TextScorer]]]
"""Fitted scorers by task, rung and verifier, as a policy holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSamples(Iterable[Sample]):
    """Re-iterable samples whose recordings have the verdicts of fitted verifiers, in place of any recorded ones."""

    samples: Iterable[Sample]
    """The samples."""

    wanted: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Names of the verifiers that learn, by task and rung."""

    scorers: Scorers = EMPTY
    """What they were fitted to."""

    held_out: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    """Scores out of fold, by task and rung, in the order of the task's samples; NaN where the fitted one did not see
    the sample."""

    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences on verifiers that could not be fitted, by task."""

    def held_by(self, policy: Policy) -> Policy:
        """Return a policy that holds the scorers, with the sentences on those that could not be fitted."""
        tasks = {
            name: replace(one, measured={**one.measured, "warnings": [*one.measured.get("warnings", ()), *notes]})
            if (notes := self.notes.get(name))
            else one
            for name, one in policy.tasks.items()
        }
        learned = {name: {rung: dict(own) for rung, own in of.items()} for name, of in self.scorers.items()}
        return replace(policy, tasks=tasks, learned={name: of for name, of in learned.items() if name in tasks})

    def __iter__(self) -> Iterator[Sample]:
        """Stream the samples from the beginning."""
        rows: dict[str, int] = {}
        for sample in self.samples:
            task = sample.request.task
            row = rows[task] = rows.get(task, -1) + 1
            yield self._judged(sample, row) if task in self.wanted else sample

    def _judged(self, sample: Sample, row: int) -> Sample:
        recordings = dict(sample.recordings)
        for rung, names in self.wanted[sample.request.task].items():
            recording = recordings.get(rung)
            if recording is None:
                continue
            for name in names:
                recording = _with(recording, self._verdict(sample, recording, name, row))
            recordings[rung] = recording
        return replace(sample, recordings=recordings)

    def _verdict(self, sample: Sample, recording: Recording, name: str, row: int) -> Verdict:
        task, rung = sample.request.task, recording.rung
        scorer = self.scorers.get(task, EMPTY).get(rung, EMPTY).get(name)
        if scorer is None:
            return Verdict.abstain("not fitted", name=name, flags=(NOT_FITTED,))
        held = self.held_out.get((task, rung))
        if held is not None and not np.isnan(held[row]):
            return Verdict(name=name, score=float(held[row]), reason="by its words, out of fold")
        require_text(sample, rung, name)
        return Verdict(name=name, score=scorer.score(hash_words(sample.request, recording.response)))


def learned_verifiers(ladder: Ladder, task: str) -> dict[str, tuple[str, ...]]:
    """Return the names of the verifiers that learn, by rung; the last rung's decide nothing and stay unfitted."""
    found = {
        rung.name: tuple(one.name for one in rung.verifiers if one.learned and not one.paid)
        for rung in ladder.of(task)[:-1]
    }
    return {rung: names for rung, names in found.items() if names}


def apply_scorers(
    samples: Iterable[Sample], ladder: Ladder, tasks: Iterable[str], scorers: Scorers
) -> Iterable[Sample]:
    """Return the samples as a policy's scorers judge them; unchanged where no verifier of the ladder learns."""
    wanted = {task: names for task in tasks if (names := learned_verifiers(ladder, task))}
    return LearnedSamples(samples=samples, wanted=wanted, scorers=scorers) if wanted else samples


def _with(recording: Recording, verdict: Verdict) -> Recording:
    """Return a recording with a verdict in place of any of its name, and what the combiner sees of it."""
    features = recording.features
    return replace(
        recording,
        verdicts={**recording.verdicts, verdict.name: verdict},
        features=None if features is None else {**features, verdict.name: verdict.score},
    )


def require_text(sample: Sample, rung: str, verifier: str) -> None:
    """Refuse a sample without the texts that were served: the scorer would learn, or judge, other words.

    Raises:
        DataError: they were not stored, or redacted by the log.
    """
    logged = DECISION in sample.extra
    recording = sample.recordings[rung]
    cut = logged and (CUT in recording.response.text or any(CUT in str(one) for one in sample.request.messages))
    if sample.textless or cut:
        found = "has no texts" if sample.textless else "has texts with parts cut out"
        message = (
            f"Sample {sample.request.id} of task {sample.request.task!r} {found}, and the verifier {verifier!r} of "
            f"rung {rung!r} reads prompt and answer as they were. Log with `store_text: full`, leave such samples out, "
            f"or take {verifier!r} off the rung."
        )
        raise DataError(message)
