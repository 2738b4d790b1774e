"""Exploration of a file: records every rung and verifier on every sample, resumable, never paid twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from cascade.bulk.cost_estimate import CostEstimate, estimate
from cascade.bulk.journal import Journal, encoded
from cascade.bulk.journal_recorder import JournalRecorders
from cascade.bulk.settlement import settle
from cascade.bulk.stop import Stop
from cascade.bulk.waves.state import remove_batches, require_collected
from cascade.engine.cascade import Cascade
from cascade.errors import BudgetExceeded, ConfigError, DataError
from cascade.flow.verify import WHOLE
from cascade.guards.accounts import PICO
from cascade.ladder import Ladder
from cascade.prices import ladder_order_concern
from cascade.result import Attempt
from cascade.samples.jsonl import read_samples, sample_line, sample_of
from cascade.samples.request_limits import require_allowed
from cascade.samples.sample import Recording, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """Result of an exploration."""

    samples: tuple[Sample, ...]
    """All samples in input order, with their recordings."""

    spent_usd: float
    """Cost of this run: answers and verifiers."""

    resumed: int
    """Samples from an earlier run."""

    ambiguous: int = 0
    """Ambiguous calls: in flight when an earlier run was killed, possibly billed; they are repeated."""

    lost: int = 0
    """Answers of an earlier run that the journal lost: they were asked and paid again."""

    lost_usd: float = 0.0
    """What these had cost, in US dollars."""

    failures: tuple[str, ...]
    """Rungs that failed on a sample, as `id, rung: why`; the next run retries them."""

    stopped: bool
    """True if the run stopped before the last sample; the journal is kept."""


class Explore(Protocol):
    """Callable that explores samples into a file: `exploring(…)`, or a command that also shows the progress."""

    def __call__(self, app: Cascade, samples: Sequence[Sample], output: Path, *, label: str) -> Exploration:
        """Explore like `explore_file`; `label` names the purpose."""


def exploring(
    *,
    concurrency: int = 16,
    max_cost_usd: float | None = None,
    confirm: Callable[[CostEstimate], bool] | None = None,
) -> Explore:
    """Return `explore_file` with these settings; it raises `BudgetExceeded` if `confirm` declines the cost estimate."""

    def explore(app: Cascade, samples: Sequence[Sample], output: Path, *, label: str) -> Exploration:
        if confirm is not None and not confirm(estimate(samples, app)):
            message = f"{label}: the cost estimate was declined, so no call was made."
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

    Resumable: each answer and each finished sample goes to the journal at once. The same command resumes from the
    journal, or from an existing `output`. If it stops or fails, the journal stays and the output is not written.

    Args:
        app: the ladder to ask.
        samples: the samples, in order; keys differ.
        output: file for the samples (.jsonl).
        concurrency: maximum number of calls at once.
        max_cost_usd: budget of this run in US dollars; it stops before it could spend more.
        stop: signal for a graceful shutdown.
        on_done: callback after each sample: number done, US dollars spent so far.

    Raises:
        BudgetExceeded, ProviderError, LogUnavailable: it had to stop; finished work is kept.
        DataError: a recording names another model than the ladder's rung; a sample sets a parameter that is not on the
            allow-list (see `cascade.samples.request_limits`).
        ConfigError: a sample's schema or tools could not be checked; calls of it are in flight in provider batches.
    """
    require_collected(output)
    stop = stop or Stop()
    spent = 0.0
    failures: list[str] = []
    with Journal(output, kind="explore") as journal:
        settlement = settle(journal, app.log)
        app.host.correct_spending(settlement.corrections)
        merged, todo = unfinished(app, samples, journal)
        resumed, ambiguous = len(merged) - len(todo), journal.ambiguous - len(settlement.lost)
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
            # Parsed from the line, so that the result does not depend on where a run was interrupted.
            merged[todo[position]] = _merged(before, sample_of(line))
            journal.append(sample.key, _content(sample), line)
            if on_done is not None:
                on_done(count, spent)

        app.explore(
            stop.until(merged[i] for i in todo),
            concurrency=concurrency,
            max_cost_usd=max_cost_usd,
            on_sample=keep,
            keep=keeper,
        )
        stopped = count < len(merged)
        if not stopped:
            journal.finish((encoded(sample_line(sample)) + b"\n" for sample in merged), keep=bool(failures))
            if not failures:
                remove_batches(output)
    return Exploration(
        samples=tuple(merged),
        spent_usd=spent,
        resumed=resumed,
        ambiguous=ambiguous,
        lost=len(settlement.lost),
        lost_usd=sum(one.pico for one in settlement.lost) / PICO,
        failures=tuple(failures),
        stopped=stopped,
    )


def unfinished(app: Cascade, samples: Sequence[Sample], journal: Journal) -> tuple[list[Sample], list[int]]:
    """Return the samples with what earlier runs recorded, and the places of those that are to be asked about.

    Raises:
        ConfigError, DataError: as of `explore_file`.
    """
    output = journal.output
    earlier = {sample.key: sample for sample in read_samples(output)} if output.exists() else {}
    merged = [_with_kept(sample, journal, earlier.get(sample.key)) for sample in samples]
    for sample in merged:
        _require_models(sample, app.ladder.of(sample.request.task))
    todo = [i for i, sample in enumerate(merged) if not is_complete(sample, app.ladder)]
    for i in todo:
        _require_runnable(merged[i], app)
    return merged, todo


def is_complete(sample: Sample, ladder: Ladder) -> bool:
    """Return whether every rung of the sample's task is recorded with every verdict (none needed after a veto)."""
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
    """Return warnings about the recordings: paid verifiers that always abstained, a ladder not in order of cost."""
    seen = []
    for rung in ladder:
        costs = [
            recording.response.cost_usd
            for sample in done.samples
            if (recording := sample.recordings.get(rung.name)) is not None and recording.response.cost_usd is not None
        ]
        seen.append((rung.name, sum(costs) / len(costs) if costs else 0.0, len(costs)))
    out_of_order = ladder_order_concern(seen)
    return [*_always_abstaining(done, ladder), *([out_of_order] if out_of_order is not None else [])]


def _always_abstaining(done: Exploration, ladder: Ladder) -> list[str]:
    """Find paid verifiers that always abstained: otherwise a judge's wrong API key goes unnoticed."""
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
    """Merge an earlier run's recordings into the sample; recordings of the input win."""
    content = _content(sample)
    if earlier is not None and _content(earlier) == content:
        sample = _merged(sample, earlier)
    line = journal.get(sample.key, content)
    return sample if line is None else _merged(sample, sample_of(line))


def _merged(sample: Sample, kept: Sample) -> Sample:
    recordings: dict[str, Recording] = dict(kept.recordings)
    for name, given in sample.recordings.items():
        known = recordings.get(name)
        if known is None:
            recordings[name] = given
            continue
        # What was learnt of the same answer (further answers of the reference) is not lost to an input that lacks it.
        more = known.extra if known.response.text == given.response.text else {}
        verdicts = {**known.verdicts, **given.verdicts}
        recordings[name] = replace(given, verdicts=verdicts, extra={**more, **given.extra})
    return replace(sample, recordings=recordings)


def _content(sample: Sample) -> Any:
    """Return the content that identifies a question: its id may stay while its text changes."""
    line = sample_line(replace(sample, recordings={}))
    return [line.get("messages"), line.get("params"), line.get("schema")]


def _require_models(sample: Sample, ladder: Ladder) -> None:
    for rung in ladder:
        recording = sample.recordings.get(rung.name)
        if recording is not None and recording.model != rung.model:
            message = (
                f"Sample {sample.request.id!r}: rung {rung.name!r} was recorded with the model {recording.model!r}, "
                f"the ladder's is {rung.model!r}; rename the rung, or remove this recording."
            )
            raise DataError(message)


def _require_runnable(sample: Sample, app: Cascade) -> None:
    """Validate samples before the first call: there is a text, schema and tools can be checked, parameters allowed."""
    if sample.textless:
        message = (
            f"Sample {sample.request.id[:80]!r} has no texts, since its log stores none, so no rung can be asked; "
            "leave it out, or log with `store_text: full`."
        )
        raise DataError(message)
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
    """Return the cost of an attempt in this run, without earlier recordings."""
    old = before.recordings.get(attempt.rung)
    answer = attempt.answer_usd if old is None else 0.0
    given = {} if old is None else old.verdicts
    return answer + sum(verdict.cost_usd for verdict in attempt.verdicts if verdict.name not in given)
