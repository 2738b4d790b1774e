"""Completion of samples before a fit: schemas of their tasks, missing recordings, labels by gold answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.samples.grade import by_gold, grade
from calibration.samples.survey import Survey
from cascade.bulk.exploration import Explore, exploring
from cascade.clients import Client
from cascade.errors import DataError
from cascade.samples.reader import ChangedSamples
from cascade.samples.sample import Sample

if TYPE_CHECKING:
    from cascade.config import Config

Say = Callable[[str], None]
"""Called with a sentence on each step."""


def say_nothing(_: str) -> None:
    """Ignore a sentence."""


def schema_filler(config: Config) -> Callable[[Sample], Sample]:
    """Return a function that gives a sample its task's schema, as requests get it when they run."""

    def filled(sample: Sample) -> Sample:
        settings = config.tasks.get(sample.request.task, config.settings)
        given = {"schema": settings.schema, "answer_field": settings.answer_field}
        missing = {
            name: value for name, value in given.items() if value is not None and getattr(sample.request, name) is None
        }
        return replace(sample, request=replace(sample.request, **missing)) if missing else sample

    return filled


def with_schemas(samples: Sequence[Sample], config: Config) -> list[Sample]:
    """Return the samples with their task's schema; see `schema_filler`."""
    return list(map(schema_filler(config), samples))


def with_recordings(
    samples: Sequence[Sample],
    config: Config,
    output: Path,
    *,
    explore: Explore | None = None,
    client: Client | None = None,
    say: Say = say_nothing,
) -> list[Sample]:
    """Return the samples with a recording of every rung; missing ones are made and kept in `output`.

    Args:
        samples: the samples.
        config: its ladder is asked.
        output: the file that the samples are written to.
        explore: how it is asked; None: as `exploring()` does.
        client: makes the calls; None: that of a Cascade.
        say: called with a sentence where recordings are missing.

    Raises:
        DataError: there are recordings, and none of a rung of the ladder.
        CascadeError: as of `explore_file`.
    """
    missing = [
        sample
        for sample in samples
        if any(rung.name not in sample.recordings for rung in config.ladder.of(sample.request.task))
    ]
    if not missing:
        return list(samples)
    recorded = {name for sample in samples for name in sample.recordings}
    if recorded and not recorded & {rung for sample in samples for rung in config.ladder.of(sample.request.task).names}:
        message = (
            f"The samples have recordings of {', '.join(sorted(recorded))}, and none of the ladder's rungs "
            f"{', '.join(config.ladder.names)}; give the rungs these names, or name the recorded rungs with --rungs."
        )
        raise DataError(message)
    silent = sum(sample.textless for sample in missing)
    if silent:
        say(
            f"{silent} of {len(samples)} samples lack a recording of some rung and have no texts to ask it with "
            "(`store_text`): they are taken as they are."
        )
    if silent == len(missing):
        return list(samples)
    say(f"{len(missing) - silent} of {len(samples)} samples lack a recording of some rung; these are made first.")
    asked = [sample for sample in samples if not sample.textless]
    with config.open(client=client, policy=False) as app:
        made = iter((explore or exploring())(app, asked, output, label="Exploring").samples)
    return [sample if sample.textless else next(made) for sample in samples]


def with_labels(samples: Sequence[Sample], say: Say = say_nothing) -> list[Sample]:
    """Return the samples with missing `correct` filled in by the gold answers."""
    open_to_grade = any(
        sample.gold is not None and any(recording.correct is None for recording in sample.recordings.values())
        for sample in samples
    )
    if not open_to_grade:
        return list(samples)
    done = grade(samples, by_gold)
    say(_graded(done.filled))
    return list(done.samples)


def graded(samples: Iterable[Sample], found: Survey, say: Say = say_nothing) -> Iterable[Sample]:
    """Return the same as `with_labels`, lazily, for samples that are read several times; each is graded when read."""
    open_to_grade = sum(found.gradable.values())
    if not open_to_grade:
        return samples
    say(_graded(open_to_grade))
    return ChangedSamples(samples, lambda sample: grade([sample], by_gold).samples[0])


def _graded(count: int) -> str:
    return f"{count} recordings without a label were graded by their gold answers (`cascade grade` offers others)."
