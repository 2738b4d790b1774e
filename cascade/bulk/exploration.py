"""Exploring a file: every rung and verifier on every sample, resumable, what is recorded never paid for again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from cascade.bulk.cost_estimate import CostEstimate, estimate
from cascade.bulk.journal import Journal
from cascade.bulk.journal_recorder import JournalRecorders
from cascade.bulk.stop import Stop
from cascade.engine.cascade import Cascade
from cascade.errors import BudgetExceeded, ConfigError, DataError
from cascade.flow.verify import WHOLE
from cascade.ladder import Ladder
from cascade.prices import ladder_order_concern
from cascade.result import Attempt
from cascade.samples.jsonl import read_samples, sample_line, sample_of
from cascade.samples.request_limits import require_allowed
from cascade.samples.sample import Recording, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What an exploration came to."""

    samples: tuple[Sample, ...]
    """All samples in the input's order, with what is recorded of them."""

    spent_usd: float
    """What this run paid: answers and verifiers."""

    resumed: int
    """Samples that an earlier run had finished."""

    ambiguous: int = 0
    """Calls that an earlier run had begun when it was killed, and that may have been billed; they are made again."""

    failures: tuple[str, ...]
    """Rungs that failed on a sample, as `id, rung: why`; running again asks them again."""

    stopped: bool
    """True where the run was stopped before the last sample; the journal is kept."""


class Explore(Protocol):
    """Explores samples into a file: `exploring(…)`, or a command that shows the bill and the progress, too."""

    def __call__(self, app: Cascade, samples: Sequence[Sample], output: Path, *, label: str) -> Exploration:
        """Explore as `explore_file` does; `label` says what for, in a word."""


def exploring(
    *,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    confirm: Callable[[CostEstimate], bool] | None = None,
) -> Explore:
    """Return `explore_file` with these settings; it raises `BudgetExceeded` where `confirm` declines the bill."""

    def explore(app: Cascade, samples: Sequence[Sample], output: Path, *, label: str) -> Exploration:
        if confirm is not None and not confirm(estimate(samples, app)):
            message = f"{label}: the estimated bill was declined, so nothing was asked."
            raise BudgetExceeded(message)
        return explore_file(app, samples, output, concurrency=concurrency, max_cost_usd=max_cost_usd)

    return explore


def explore_file(
    app: Cascade,
    samples: Sequence[Sample],
    output: Path,
    *,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    stop: Stop | None = None,
    on_done: Callable[[int, float], None] | None = None,
) -> Exploration:
    """Record every rung and verifier on every sample, and write the samples to `output`.

    Each answer and each finished sample is kept in the journal at once, and taken from there, or from an `output` that
    is there already, when the same command runs again. Stopped or failed, the journal stays and the output is not
    written.

    Args:
        app: the ladder to ask.
        samples: what to ask, in order; keys differ.
        output: where the samples go (.jsonl).
        concurrency: calls at once.
        max_cost_usd: US dollars that this run may spend; it stops before it could spend more.
        stop: how to stop it in good order.
        on_done: called as each sample is done, with how many are and the US dollars spent so far.

    Raises:
        BudgetExceeded, ProviderError, LogUnavailable: it had to stop; what was finished is kept.
        DataError: a recording names another model than the ladder's rung; a sample asks for what only the ladder may
            say (see `cascade.samples.request_limits`).
        ConfigError: a sample's schema or tools could not be checked.
    """
    stop = stop or Stop()
    spent = 0.0
    failures: list[str] = []
    with Journal(output, kind="explore") as journal:
        earlier = {sample.key: sample for sample in read_samples(output)} if output.exists() else {}
        merged = [_with_kept(sample, journal, earlier.get(sample.key)) for sample in samples]
        for sample in merged:
            _require_models(sample, app.ladder.of(sample.request.task))
        todo = [i for i, sample in enumerate(merged) if not is_complete(sample, app.ladder)]
        for i in todo:
            _require_runnable(merged[i], app)
        resumed, ambiguous = len(merged) - len(todo), journal.ambiguous
        keeper = JournalRecorders(journal)
        count = resumed
        if on_done is not None:
            on_done(count, spent)

        def keep(position: int, sample: Sample, attempts: tuple[Attempt, ...]) -> None:
            nonlocal spent, count
            before = merged[todo[position]]
            spent += sum(_paid(attempt, before) for attempt in attempts) - keeper.again_usd(sample.key)
            count += 1
            failures.extend(
                f"{sample.request.id}, {attempt.rung}: {attempt.failure.kind.value}: {attempt.failure.message}"
                for attempt in attempts
                if attempt.failure is not None
            )
            line = sample_line(sample)
            # As it will be read again, so that what is made of it does not depend on where a run was broken off.
            merged[todo[position]] = _merged(before, sample_of(line))
            journal.append(sample.key, _content(sample), line)
            if on_done is not None:
                on_done(count, spent)

        app.explore(
            stop.until(merged[i] for i in todo),
            concurrency=concurrency,
            max_cost_usd=max_cost_usd,
            on_sample=keep,
            keep=keeper.keep,
        )
        stopped = count < len(merged)
        if not stopped:
            journal.finish((sample_line(sample) for sample in merged), keep=bool(failures))
    return Exploration(
        samples=tuple(merged),
        spent_usd=spent,
        resumed=resumed,
        ambiguous=ambiguous,
        failures=tuple(failures),
        stopped=stopped,
    )


def is_complete(sample: Sample, ladder: Ladder) -> bool:
    """Tell whether every rung of the sample's task is recorded, with every verdict (none are due after a veto)."""
    for rung in ladder.of(sample.request.task):
        recording = sample.recordings.get(rung.name)
        if recording is None:
            return False
        for verifier in rung.verifiers:
            verdict = recording.verdicts.get(verifier.name)
            if verdict is None and WHOLE not in recording.verdicts:
                return False
            if verdict is None or verdict.veto:
                break
    return True


def find_concerns(done: Exploration, ladder: Ladder) -> list[str]:
    """Say what is doubtful about what was recorded: paid verifiers that never spoke, a ladder against its costs."""
    seen = []
    for rung in ladder:
        costs = [
            recording.response.cost_usd
            for sample in done.samples
            if (recording := sample.recordings.get(rung.name)) is not None and recording.response.cost_usd is not None
        ]
        seen.append((rung.name, sum(costs) / len(costs) if costs else 0.0, len(costs)))
    out_of_order = ladder_order_concern(seen)
    return [*_deaf(done, ladder), *([out_of_order] if out_of_order is not None else [])]


def _deaf(done: Exploration, ladder: Ladder) -> list[str]:
    """Name the paid verifiers that never gave a verdict: a wrong key of a judge is silent otherwise."""
    concerns = []
    for rung in ladder:
        for verifier in rung.verifiers:
            heard = [
                verdict
                for sample in done.samples
                if (recording := sample.recordings.get(rung.name)) is not None
                and (verdict := recording.verdicts.get(verifier.name)) is not None
            ]
            if verifier.paid and heard and all(verdict.abstained for verdict in heard):
                concerns.append(
                    f"{rung.name}: {verifier.name} abstained on all {len(heard)} answers: {heard[0].reason}."
                )
    return concerns


def _with_kept(sample: Sample, journal: Journal, earlier: Sample | None) -> Sample:
    """Return the sample with what an earlier run recorded; what the input itself holds wins."""
    content = _content(sample)
    if earlier is not None and _content(earlier) == content:
        sample = _merged(sample, earlier)
    line = journal.get(sample.key, content)
    return sample if line is None else _merged(sample, sample_of(line))


def _merged(sample: Sample, kept: Sample) -> Sample:
    recordings: dict[str, Recording] = dict(kept.recordings)
    for name, given in sample.recordings.items():
        known = recordings.get(name)
        recordings[name] = given if known is None else replace(given, verdicts={**known.verdicts, **given.verdicts})
    return replace(sample, recordings=recordings)


def _content(sample: Sample) -> Any:
    """Return what makes a sample the same question: its id may stay while its text changes."""
    line = sample_line(replace(sample, recordings={}))
    return [line["messages"], line.get("params"), line.get("schema")]


def _require_models(sample: Sample, ladder: Ladder) -> None:
    for rung in ladder:
        recording = sample.recordings.get(rung.name)
        if recording is not None and recording.model != rung.model:
            message = (
                f"Sample {sample.request.id!r}: rung {rung.name!r} was recorded with the model {recording.model!r}, "
                f"the ladder's is {rung.model!r}; give the rung another name, or leave this recording out."
            )
            raise DataError(message)


def _require_runnable(sample: Sample, app: Cascade) -> None:
    """Refuse before the first call what would be paid for and could not be judged, or must not be asked."""
    request = app.request(sample.request)
    rungs = app.ladder.of(request.task)
    if any(rung.name not in sample.recordings for rung in rungs):
        require_allowed(request)
    for rung in rungs:
        for verifier in rung.verifiers:
            try:
                verifier.prepare(request)
            except ConfigError as error:
                raise type(error)(f"Sample {request.id[:80]!r}: {error}") from None


def _paid(attempt: Attempt, before: Sample) -> float:
    """Return what this run paid for an attempt: not what was recorded before."""
    old = before.recordings.get(attempt.rung)
    answer = attempt.answer_usd if old is None else 0.0
    given = {} if old is None else old.verdicts
    return answer + sum(verdict.cost_usd for verdict in attempt.verdicts if verdict.name not in given)
