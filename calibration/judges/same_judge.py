"""Sameness by a judge: a paid model says whether an answer says the same as the reference's, and people check it.

It is asked where the reader of answers does not find the same value. Verdicts stand in a file beside the samples, so
that none is paid twice; so do the rows that a person is to check, which `cascade label` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calibration.judges.labels import REFERENCE
from calibration.judges.probing import without_failures
from calibration.samples.checks import CHECKS
from calibration.samples.repeated import Repeated
from calibration.samples.sameness import JUDGE, Sameness, compare_answers, repeats
from cascade.bulk.exploration import Explore
from cascade.bulk.journal import dump
from cascade.clients import Client
from cascade.engine.cascade import Cascade
from cascade.errors import ConfigError, DataError
from cascade.exchange import EMPTY, Response, text_of
from cascade.files import write_atomically
from cascade.hashing import content_id
from cascade.labelling.annotation import HUMAN
from cascade.labelling.item import shown
from cascade.ladder import Ladder, Rung
from cascade.plugins import verifier
from cascade.prices import PriceBook
from cascade.samples.jsonl import read_samples, sample_line
from cascade.samples.sample import DECISION, Recording, Sample
from cascade.usage import Price
from cascade.verdict import Verifier

RUBRIC = (
    "A right answer is given at the end of the question. Does the answer to be judged say the same, in whatever words? "
    "10 if a reader who wants the right answer could take either; 0 if anything that matters is other, missing or "
    "added. If in doubt, 0."
)
PASS = 0.5
"""Score from which on an answer is the same."""

RUNG, NAME = "answer", "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class SameJudge:
    """A judge of sameness."""

    model: str
    """The judge, in litellm's `provider/name` form."""

    rubric: Path | str = RUBRIC
    """What is the same."""

    checks: int = CHECKS
    """Rows of each task that a person checks, drawn uniformly from those whose texts differ; at least 200."""

    def __post_init__(self) -> None:
        """Refuse too few checks."""
        if self.checks < CHECKS:
            message = (
                f"--checks is {self.checks}; at least {CHECKS} rows of a task, checked by a person, were expected."
            )
            raise ConfigError(message)

    def built(self) -> Verifier:
        """Return the judge as a verifier."""
        return verifier({"judge": {"model": self.model, "rubric": self.rubric, "name": NAME, "gate": False}})


def judge_sameness(
    samples: Iterable[Sample],
    rungs: Callable[[str], Sequence[str]],
    judge: SameJudge,
    *,
    beside: Path,
    explore: Explore,
    client: Client | None = None,
    prices: PriceBook | None = None,
) -> Sameness:
    """Ask a judge about every pair of answers that the reader does not find the same; return its sameness.

    Args:
        samples: recorded samples, of the tasks that are certified; read once.
        rungs: the rungs of a task, the reference last.
        judge: the judge.
        beside: the file beside which verdicts and checks are kept: `samples.jsonl` → `samples.jsonl.same-….jsonl`.
        explore: how the judge is asked: cost estimate, budget, retries and journal are those of an exploration.
        client: makes the calls; None: that of a Cascade.
        prices: where the judge's price comes from; None: the pinned table.

    Raises:
        ConfigError: the judge has no price.
        DataError: it gave no verdict on any pair.
        CascadeError: as of `explore_file`; finished verdicts are kept.
    """
    built = judge.built()
    mark = content_id(built.describe())[:12]
    kept = beside.with_name(f"{beside.name}.same-{mark}.jsonl")
    wanted = {one.request.id: one for one in _pairs(samples, rungs)}
    answered = list(read_samples(kept)) if kept.exists() else []
    known = {one.request.id: one for one in answered}
    free = Price(input_usd=0.0, output_usd=0.0)
    if any(name not in known or NAME not in known[name].recordings[RUNG].verdicts for name in wanted):
        with Cascade(Ladder(Rung(RUNG, verify=(built,), price=free)), client=client, prices=prices) as app:
            app.prices.price(judge.model)
            judged = explore(app, list((known | wanted).values()), kept, label="Judging").samples
        answered = without_failures(judged)
        silent = not any(one.request.id in wanted and _said(one) is not None for one in answered)
        if silent:  # not kept, so that it is asked again once it is mended
            answered = [one for one in answered if one.request.id not in wanted]
        if len(answered) < len(judged):
            write_atomically(kept, "".join(dump(sample_line(one)) + "\n" for one in answered))
        if silent:
            raise _silent(judge.model, len(wanted), judged)
    found = {one.request.id: _said(one) for one in answered}
    verdicts = {name: score >= PASS for name, score in found.items() if score is not None}

    def compare(sample: Sample, own: Response, top: Response) -> bool | None:
        # Asked about are only pairs that the reader does not find the same.
        told = verdicts.get(_pair_id(sample, own, top))
        return compare_answers(own, top, sample.request.answer_field) or None if told is None else told

    checks = CheckFile(beside.with_name(f"{beside.name}.checks.jsonl"), judge.checks)
    return Sameness(name=f"{JUDGE}{judge.model}", version=mark, compare=compare, checks=checks)


def _said(pair: Sample) -> float | None:
    """Return the judge's score of a pair; None where it gave none."""
    verdict = pair.recordings[RUNG].verdicts.get(NAME)
    return None if verdict is None else verdict.score


def _silent(model: str, n: int, judged: Iterable[Sample]) -> DataError:
    """Return the error of a judge that gave no verdict: it cannot be reached, or does not answer as it is asked to."""
    given = [one.recordings[RUNG].verdicts.get(NAME) for one in judged]
    why = next((one.reason for one in given if one is not None and one.reason), "no verdict is recorded")
    return DataError(
        f"The judge {model} gave no verdict on any of {n:,} pairs of answers ({why}); at least some were expected, "
        "else nothing would be the same but what the reader finds the same. Check it with `cascade doctor --ping`, or "
        "name another judge."
    )


def _pairs(samples: Iterable[Sample], rungs: Callable[[str], Sequence[str]]) -> Iterator[Sample]:
    """Yield a sample for the judge for each pair of answers, and for each further answer of the reference."""
    again: dict[str, Repeated] = {}
    for sample in samples:
        names = rungs(sample.request.task)
        top = sample.recordings.get(names[-1])
        if top is None or sample.textless:
            continue
        others = again.setdefault(sample.request.task, Repeated()).others(sample.request.content, top)
        found = [sample.recordings[rung].response for rung in names[:-1] if rung in sample.recordings]
        for own in (*found, *others):
            told = repeats(own, top.response) or compare_answers(own, top.response, sample.request.answer_field)
            if told is not True and shown(own):
                yield _shown(sample, own, top.response)


def _pair_id(sample: Sample, own: Response, top: Response) -> str:
    return content_id([*sample.key, sample.request.content, shown(own), shown(top)])


def _origin(sample: Sample) -> Mapping[str, Any]:
    """Return what names the request of a sample that is made of another, so that `cascade forget` finds it."""
    kept = {name: sample.extra[name] for name in (DECISION,) if name in sample.extra}
    return {"hash_id": sample.hash_id, "extra": kept}


def _shown(sample: Sample, own: Response, top: Response) -> Sample:
    messages = [dict(message) for message in sample.request.messages]
    messages[-1]["content"] = text_of(messages[-1].get("content")) + REFERENCE + shown(top)
    request = replace(
        sample.request, messages=tuple(messages), schema=None, params=EMPTY, id=_pair_id(sample, own, top), session=None
    )
    recording = Recording(rung=RUNG, model=RUNG, response=Response(text=shown(own)))
    return Sample(request=request, recordings={RUNG: recording}, **_origin(sample))


class CheckFile:
    """The file of rows that a person checks: the reference's answer stands as the gold answer; right is the same."""

    def __init__(self, path: Path, wanted: int) -> None:
        """Read the file, if there is one."""
        self.path, self.wanted = path, wanted
        self._rows = {one.key: one for one in read_samples(path)} if path.exists() else {}
        self._asked: dict[str, tuple[str, ...]] = {}

    def said(self, sample: Sample, rung: str, top: Response) -> float | None:
        """Return how far a person says that a rung's answer is the same; None if none did, or of other texts."""
        row = self._rows.get(sample.key)
        if row is None or rung not in row.recordings or row.gold != shown(top):
            return None
        found = row.recordings[rung]
        current = shown(found.response) == shown(sample.recordings[rung].response)
        return found.correct if current and found.label_source == HUMAN else None

    def ask(self, task: str, ids: Sequence[str]) -> None:
        """Take the rows that a person is to check."""
        self._asked[task] = tuple(ids)

    def write(self, samples: Iterable[Sample], rungs: Callable[[str], Sequence[str]]) -> dict[str, int]:
        """Write the rows that are asked for and are not in the file yet; return how many are open, by task.

        Rows that stand there stay, labels included, unless their texts are others by now.
        """
        asked = {(task, name) for task, ids in self._asked.items() for name in ids}
        rows: dict[tuple[str, str], Sample] = dict(self._rows)
        for sample in samples:
            if sample.key in asked:
                rows[sample.key] = self._row(sample, rungs(sample.request.task))
        if rows != self._rows:
            write_atomically(self.path, "".join(dump(sample_line(one)) + "\n" for one in rows.values()))
            self._rows = rows
        left = dict.fromkeys(self._asked, 0)
        for key in asked:
            left[key[0]] += any(one.correct is None for one in rows[key].recordings.values())
        return {task: n for task, n in left.items() if n}

    def _row(self, sample: Sample, rungs: Sequence[str]) -> Sample:
        top = sample.recordings[rungs[-1]].response
        known: Mapping[str, Recording] = EMPTY
        if (row := self._rows.get(sample.key)) is not None and row.gold == shown(top):
            known = row.recordings
        recordings: dict[str, Recording] = {}
        for rung in rungs[:-1]:
            own = sample.recordings.get(rung)
            if own is None or repeats(own.response, top):
                continue
            kept = known.get(rung)
            if kept is not None and shown(kept.response) == shown(own.response):
                recordings[rung] = kept
            else:
                recordings[rung] = Recording(rung=rung, model=own.model, response=Response(text=shown(own.response)))
        request = replace(sample.request, schema=None, params=EMPTY, answer_field=None)
        return Sample(request=request, gold=shown(top), recordings=recordings, **_origin(sample))


def ask_checks(
    checks: CheckFile, samples: Iterable[Sample], rungs: Callable[[str], Sequence[str]], say: Callable[[str], None]
) -> None:
    """Write the rows that a person is to check, and say how."""
    for task, n in checks.write(samples, rungs).items():
        say(
            f"{task}: {n} rows are to be checked by a person: cascade label {checks.path} --browser. Right is what "
            "says the same as the right answer shown; wrong is all else, also what cannot be told. Then run this "
            "command again."
        )
