"""Samples made ready for calibration: schemas of their tasks, recordings that were missing, labels by gold answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.cli.terminal import say
from cascade.errors import DataError

if TYPE_CHECKING:
    from cascade.config import Config
    from cascade.sample import Sample


def with_schemas(samples: Sequence[Sample], config: Config) -> list[Sample]:
    """Return the samples with their task's schema, as requests get it when they run."""
    done = []
    for given in samples:
        sample = given
        schema = config.tasks.get(sample.request.task, config.settings).schema
        if schema is not None and sample.request.schema is None:
            sample = replace(sample, request=replace(sample.request, schema=schema))
        done.append(sample)
    return done


def with_recordings(
    samples: Sequence[Sample], config: Config, output: Path, *, max_cost: float | None = None, yes: bool = False
) -> list[Sample]:
    """Return the samples with a recording of every rung; those that are missing are made and kept in `output`.

    Raises:
        DataError: there are recordings, and none of a rung of the ladder.
        CascadeError: as of `explore_samples`.
    """
    from cascade.cli.explore import explore_samples

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
    say(f"{len(missing)} of {len(samples)} samples lack a recording of some rung; these are made first.")
    with config.open(policy=False, log=False) as app:
        return list(explore_samples(app, list(samples), output, max_cost=max_cost, yes=yes).samples)


def with_labels(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples with `correct` filled in by their gold answers where it is missing."""
    from calibration.grade import by_gold, grade

    open_to_grade = any(
        sample.gold is not None and any(recording.correct is None for recording in sample.recordings.values())
        for sample in samples
    )
    if not open_to_grade:
        return list(samples)
    graded = grade(samples, by_gold)
    say(
        f"{graded.filled} recordings without a label were graded by their gold answers (`cascade grade` offers others)."
    )
    return list(graded.samples)
