"""Survey: one pass over samples that counts samples and recordings by task, rung and model, and verdicts' costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cascade.samples.sample import DECISION, Sample
from cascade.system_prompt import prompt_print

MOST_PROMPTS = 8
"""Different system prompts of a task's samples that a policy is fixed to; with more, each request has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Counts of the samples of some tasks: enough to choose rungs and verifiers, and to report progress."""

    counts: Mapping[str, int]
    """Samples by task, tasks in the order in which they appear."""

    recordings: Mapping[str, Mapping[str, int]]
    """How many samples have a recording, by task and rung, in the order in which they appear."""

    models: Mapping[str, Mapping[str, str]]
    """The first recorded model, by task and rung."""

    spent: Mapping[str, Mapping[str, float]]
    """Total cost of the recorded verdicts, by task and verifier."""

    gradable: Mapping[str, int] = field(default_factory=dict)
    """Recordings without a label whose sample has a gold answer, by task."""

    bare: Mapping[str, int] = field(default_factory=dict)
    """Recordings without a label and without a gold answer, by task."""

    prompts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fingerprints of the system prompts that samples begin with, by task; () where they fix none."""

    def __len__(self) -> int:
        """Return the number of samples."""
        return sum(self.counts.values())

    def of(self, tasks: Collection[str]) -> Survey:
        """Return the survey of some of the tasks."""
        kept = [name for name in self.counts if name in set(tasks)]
        return Survey(
            counts={name: self.counts[name] for name in kept},
            recordings={name: self.recordings[name] for name in kept},
            models={name: self.models[name] for name in kept},
            spent={name: self.spent[name] for name in kept},
            gradable={name: self.gradable[name] for name in kept},
            bare={name: self.bare.get(name, 0) for name in kept},
            prompts={name: self.prompts.get(name, ()) for name in kept},
        )

    @property
    def rung_models(self) -> dict[str, str]:
        """The model of each rung recorded in any task."""
        found: dict[str, str] = {}
        for models in self.models.values():
            for rung, model in models.items():
                found.setdefault(rung, model)
        return found

    @property
    def verifier_usd(self) -> dict[str, float]:
        """Total cost of each verifier's recorded verdicts, in all tasks."""
        found: dict[str, float] = {}
        for spent in self.spent.values():
            for name, usd in spent.items():
                found[name] = found.get(name, 0.0) + usd
        return found

    def lacks(self, task: str, rungs: Iterable[str]) -> bool:
        """Return whether some sample of a task has no recording of one of these rungs."""
        return any(self.recordings[task].get(rung, 0) < self.counts[task] for rung in rungs)


def survey(samples: Iterable[Sample]) -> Survey:
    """Survey samples in one pass; none of them is kept."""
    counts: Counter[str] = Counter()
    gradable: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    recordings: dict[str, Counter[str]] = {}
    models: dict[str, dict[str, str]] = {}
    spent: dict[str, dict[str, float]] = {}
    prompts: dict[str, set[str | None]] = {}
    for sample in samples:
        task = sample.request.task
        begun = prompts.setdefault(task, set())
        if len(begun) <= MOST_PROMPTS:
            begun.add(prompt_of(sample))
        if task not in counts:
            recordings[task], models[task], spent[task] = Counter(), {}, {}
        counts[task] += 1
        for recording in sample.recordings.values():
            recordings[task][recording.rung] += 1
            models[task].setdefault(recording.rung, recording.model)
            gradable[task] += recording.correct is None and sample.gold is not None
            bare[task] += recording.correct is None and sample.gold is None
            for name, verdict in recording.verdicts.items():
                spent[task][name] = spent[task].get(name, 0.0) + verdict.cost_usd
    return Survey(
        counts=counts,
        recordings=recordings,
        models=models,
        spent=spent,
        gradable={task: gradable[task] for task in counts},
        bare={task: bare[task] for task in counts},
        prompts={task: _fixed(prompts[task]) for task in counts},
    )


def prompt_of(sample: Sample) -> str | None:
    """Return the fingerprint of the system prompt that a sample begins with; '': of none; None: it cannot be told."""
    decision = sample.extra.get(DECISION)
    if isinstance(decision, Mapping):
        told = decision.get("prompt")  # texts of a log may be redacted, or missing
        return told if isinstance(told, str) else None
    return None if sample.textless else prompt_print(sample.request.messages)


def _fixed(prompts: Collection[str | None]) -> tuple[str, ...]:
    """Return the prompts that fix a policy: few, all known, and at least one that is not empty."""
    known = sorted(one for one in prompts if one is not None)
    return tuple(known) if len(prompts) == len(known) <= MOST_PROMPTS and any(known) else ()
