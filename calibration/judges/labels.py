"""Grading by a judge, a model that sees question, gold answer and answer; costs money, and can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.samples.grade import Graded, as_text
from cascade.bulk.exploration import Explore, exploring
from cascade.clients import Client
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, text_of
from cascade.labelling.annotation import FIELD, annotators
from cascade.ladder import Ladder, Rung
from cascade.plugins import verifier
from cascade.samples.sample import Sample
from cascade.usage import Price

if TYPE_CHECKING:
    from cascade.config import Config

NAME = "grader"
RUNG = "answer"
REFERENCE = "\n\n[For the judge only] The right answer, which the model did not see:\n"
RUBRIC = (
    "Is the answer right? Where a right answer is given with the question, an answer is right if it says the same, in "
    "whatever words: 10 if it is right, 0 if it is wrong, between them only for an answer that is right in part."
)


def judge_samples(
    samples: Sequence[Sample],
    model: str,
    *,
    output: Path,
    rubric: Path | None = None,
    overwrite: bool = False,
    config: Config | None = None,
    client: Client | None = None,
    explore: Explore | None = None,
) -> Graded:
    """Grade recordings by a judge's score; `label_source` becomes `judge:MODEL`, and where it abstains, none.

    Each recording to grade becomes a sample with one recording, and the judge the only verifier of its rung: so cost
    estimate, budget, retries and journal are those of an exploration, and no rung is asked.

    Args:
        samples: recorded samples.
        model: the judge.
        output: the file of the graded samples; finished grades are kept beside it until then.
        rubric: the definition of a good answer; None: equality with the gold answer.
        overwrite: grade labelled recordings too.
        config: may hold the judge's price, and the log of its calls.
        client: makes the calls; None: that of a Cascade.
        explore: how the judge is asked; None: as `exploring()` does.

    Raises:
        ConfigError: there is nothing to grade, or the judge has no price.
        CascadeError: as of `explore_file`.
    """
    places = [
        (i, rung)
        for i, sample in enumerate(samples)
        for rung, recording in sample.recordings.items()
        if overwrite or recording.correct is None
    ]
    if not places:
        message = "Every recording has a label already; give --overwrite to grade them again."
        raise ConfigError(message)
    options = {"model": model, "rubric": RUBRIC if rubric is None else rubric, "name": NAME, "gate": False}
    judge = verifier({"judge": options})
    free = Price(input_usd=0.0, output_usd=0.0)
    ladder = Ladder(Rung(RUNG, verify=(judge,), price=free))
    kept = output.with_name(output.name + ".judged")
    log = None if config is None else config.log
    spool = None if config is None else config.spool
    prices = None if config is None else config.price_book
    with Cascade(ladder, client=client, prices=prices, log=log, spool=spool) as app:
        app.prices.price(model)
        shown = [_shown(samples[i], rung) for i, rung in places]
        judged = (explore or exploring())(app, shown, kept, label="Judging")
    recordings = [dict(sample.recordings) for sample in samples]
    filled = 0
    for (i, rung), sample in zip(places, judged.samples, strict=True):
        verdict = sample.recordings[RUNG].verdicts.get(NAME)
        if verdict is None:
            continue  # the judge could not be asked
        if verdict.score is None:
            old = recordings[i][rung]
            cannot_tell = {**annotators(old), f"judge:{model}": {}}
            recordings[i][rung] = replace(old, extra={**old.extra, FIELD: cannot_tell})
        else:
            recordings[i][rung] = replace(recordings[i][rung], correct=verdict.score, label_source=f"judge:{model}")
            filled += 1
    kept.unlink(missing_ok=True)
    graded = tuple(replace(sample, recordings=own) for sample, own in zip(samples, recordings, strict=True))
    total = sum(len(own) for own in recordings)
    return Graded(samples=graded, filled=filled, kept=total - len(places), without_gold=0)


def _shown(sample: Sample, rung: str) -> Sample:
    """Return the sample for the judge: one recording, and the gold answer at the end of the question."""
    messages = [dict(message) for message in sample.request.messages]
    if sample.gold is not None:
        messages[-1]["content"] = text_of(messages[-1].get("content")) + REFERENCE + as_text(sample.gold)
    request = replace(
        sample.request, messages=tuple(messages), schema=None, params=EMPTY, id=f"{sample.request.id} {rung}"
    )
    recording = replace(sample.recordings[rung], rung=RUNG, model=RUNG, verdicts=EMPTY, extra=EMPTY)
    return Sample(request=request, recordings={RUNG: recording})
