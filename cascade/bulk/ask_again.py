"""Asking again: the reference answers some requests a second time, which tells how often it differs from itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cascade.bulk.exploration import Exploration, Explore
from cascade.bulk.journal import encoded
from cascade.engine.cascade import Cascade
from cascade.exchange import EMPTY
from cascade.files import write_atomically
from cascade.hashing import unit
from cascade.ladder import Ladder
from cascade.policy.policy import SALT
from cascade.samples.jsonl import sample_line
from cascade.samples.sample import AGAIN, Sample, answers_again


def draw_again(samples: Sequence[Sample], ladder: Ladder, n: int) -> list[Sample]:
    """Return, of n requests of each task drawn by hash, those whose reference has answered once only."""
    by_task: dict[str, list[Sample]] = {}
    for sample in samples:
        if not sample.textless and ladder.of(sample.request.task).top.name in sample.recordings:
            by_task.setdefault(sample.request.task, []).append(sample)
    drawn = [one for own in by_task.values() for one in sorted(own, key=_place)[:n]]
    return [one for one in drawn if not answers_again(one.recordings[ladder.of(one.request.task).top.name])]


def reference_ladder(ladder: Ladder) -> Ladder:
    """Return a ladder of each task's reference alone, without verifiers."""
    return Ladder(
        replace(ladder.top, verify=()),
        tasks={task: [replace(own.top, verify=())] for task, own in ladder.tasks.items()},
    )


def ask_again(
    app: Cascade, samples: Sequence[Sample], drawn: Sequence[Sample], output: Path, *, explore: Explore
) -> tuple[list[Sample], Exploration]:
    """Ask the reference again, and write the samples with the further answers (`again`) to `output`.

    Args:
        app: asks the reference alone (`reference_ladder`).
        samples: all samples, explored.
        drawn: those that are asked about.
        output: the file of the samples; finished answers are kept beside it until it is written.
        explore: how it is asked: cost estimate, budget, retries and journal are those of an exploration.

    Raises:
        CascadeError: as of `explore_file`; finished answers are kept.
    """
    kept = output.with_name(output.name + ".again")
    # Another id than the first time: a repetition by id would give the same answer again.
    asked = [
        replace(one, request=replace(one.request, id=f"{one.request.id} again"), gold=None, recordings={})
        for one in drawn
    ]
    done = explore(app, asked, kept, label="Asking again")
    answers = {one.key: again for one, again in zip(drawn, done.samples, strict=True)}
    merged = [_with(one, answers.get(one.key), app.ladder) for one in samples]
    write_atomically(output, b"".join(encoded(sample_line(one)) + b"\n" for one in merged).decode())
    kept.unlink(missing_ok=True)
    return merged, done


def _with(sample: Sample, again: Sample | None, ladder: Ladder) -> Sample:
    top = ladder.of(sample.request.task).top.name
    if again is None or top not in again.recordings:
        return sample
    found, own = again.recordings[top].response, sample.recordings[top]
    line: Mapping[str, object] = {
        "content": found.text, **({"tool_calls": [*found.tool_calls]} if found.tool_calls else EMPTY)
    }  # fmt: skip
    changed = replace(own, extra={**own.extra, AGAIN: [line]})
    return replace(sample, recordings={**sample.recordings, top: changed})


def _place(sample: Sample) -> float:
    return unit(salt=SALT, purpose="again", task=sample.request.task, rung="", request_id=sample.request.id)
