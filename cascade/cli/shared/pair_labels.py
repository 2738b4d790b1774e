"""Labels of pairs for commands: a person, a judge or a file labels what a run asks for; each is saved at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.cli.shared.label_log import NAMES, RIGHT, label_rows
from cascade.cli.shared.sitting import sit
from cascade.cli.shared.terminal import say
from cascade.errors import DataError
from cascade.labelling.annotation import FIELD, JUDGED, annotate, annotators, is_judge, judged

if TYPE_CHECKING:
    from calibration.fit.paired.run import PairedRun
    from calibration.fit.paired.run_labels import Asked
    from cascade.bulk.exploration import Explore
    from cascade.clients import Client
    from cascade.config import Config
    from cascade.labelling import Item, Session
    from cascade.samples.sample import Recording, Sample

Key = tuple[str, str]
Labels = Mapping[Key, Mapping[str, "Recording"]]
"""Recordings with new labels, by sample and rung."""

UNSURE = ("cannot tell", "unsure", "?")
"""Words of a file for an answer that nobody could tell."""

DECISION = "decision"
"""Field of a sample of a log that names its decision."""

COLUMNS = ("task", "id", "rung", "question", "answer", "correct")
"""Columns of the file of answers to be labelled."""


class Work:
    """The file of samples that labels are written into, and the run that asks for them."""

    def __init__(self, path: Path, samples: Sequence[Sample], run: PairedRun) -> None:
        """Take the file, its samples as they stand in it, and the run on them."""
        self.path, self.run = path, run
        self._samples = {sample.key: sample for sample in samples}

    def take(self, labels: Labels) -> None:
        """Take labels and write them into the file; it is replaced as a whole."""
        from cascade.bulk.journal import dump
        from cascade.files import write_atomically
        from cascade.samples.jsonl import sample_line

        changed = [key for key in labels if key in self._samples]
        for key in changed:
            self._samples[key] = _with(self._samples[key], labels[key])
        write_atomically(self.path, "".join(dump(sample_line(one)) + "\n" for one in self._samples.values()))
        own = {sample.key: sample for sample in self.run.samples}
        self.run.label({key: _with(own[key], labels[key]) for key in changed})


def _with(sample: Sample, recordings: Mapping[str, Recording]) -> Sample:
    """Return the sample with the labels of these recordings; all else of its own stays."""
    own = dict(sample.recordings)
    for rung, new in recordings.items():
        before = judged(own[rung])
        kept = {**new.extra, JUDGED: before} if before and not is_judge(new.label_source) else new.extra
        own[rung] = replace(own[rung], correct=new.correct, label_source=new.label_source, extra=kept)
    return replace(sample, recordings=own)


def ask_person(work: Work, asked: Sequence[Asked], who: str, *, browser: bool, show_gold: bool) -> bool:
    """Have a person label until nothing more is asked for, or until they stop; return whether nothing more is.

    Ctrl-C loses nothing: every key is kept, and saved into the file in the end.
    """
    from cascade.bulk.journal import Journal
    from cascade.labelling import Session, lay_item

    base = {sample.key: sample for sample in work.run.samples}

    def items(found: Sequence[Asked]) -> list[Item]:
        return [lay_item(one.sample, who, one.answers, show_gold=show_gold) for one in found]

    def save(session: Session) -> None:
        told = session.answered()
        labels: dict[Key, dict[str, Recording]] = {}
        for item in session.items:
            said = told.get(item.key, {})
            sample = annotate(base[item.key], who, said)
            shown = [rung for answer in item.answers for rung in answer.rungs]
            labels.setdefault(item.key, {}).update({rung: sample.recordings[rung] for rung in shown})
        work.take(labels)

    def more(session: Session) -> list[Item]:
        save(session)
        parts, further = work.run.queue()
        if further:
            say(f"Next: {describe_parts(parts)}.")
        return items(further)

    with Journal(work.path.with_name(f"{work.path.name}.{who}"), kind="label") as journal:
        session = Session(items(asked), journal, more=more)
        try:
            if not session.finished:
                sit(session, browser=browser)
        finally:
            save(session)
            journal.path.unlink(missing_ok=True)
    return not work.run.queue()[1]


def ask_judge(
    work: Work,
    asked: Sequence[Asked],
    model: str,
    *,
    rubric: Path | None,
    config: Config | None,
    explore: Explore,
    client: Client | None = None,
) -> bool:
    """Have a judge label until nothing more is asked for; what it cannot tell is kept as such.

    Returns whether nothing more is: where it could not be asked, the next run asks again.

    Raises:
        ConfigError: the judge has no price.
        CascadeError: as of `explore_file`; finished judgements are kept.
    """
    from calibration.judges.labels import judge_samples

    wanted = list(asked)
    while wanted:
        shown = [
            replace(one.sample, recordings={own[0]: one.sample.recordings[own[0]] for own in one.answers})
            for one in wanted
        ]
        graded = judge_samples(
            shown, model, output=work.path, rubric=rubric, config=config, explore=explore, client=client
        )
        labels: dict[Key, dict[str, Recording]] = {}
        for one, sample in zip(wanted, graded.samples, strict=True):
            for rungs in one.answers:
                found = sample.recordings[rungs[0]]
                if found.correct is None and FIELD not in found.extra:
                    continue
                for rung in rungs:
                    own = labels.setdefault(sample.key, {})
                    own[rung] = _judged(one.sample.recordings[rung], found)
        if not labels:
            return False
        work.take(labels)
        parts, wanted = work.run.queue(judge=True)
        if wanted:
            say(f"Next: {describe_parts(parts)}.")
    return True


def _judged(own: Recording, found: Recording) -> Recording:
    if found.correct is None:
        return replace(own, extra={**own.extra, FIELD: found.extra[FIELD]})
    return replace(own, correct=found.correct, label_source=found.label_source)


def ask_file(work: Work, asked: Sequence[Asked], path: Path) -> tuple[bool, Path | None]:
    """Take the labels of a file, as far as they are asked for; write the answers that are still to be labelled.

    Returns whether nothing more is asked for, and the file that was written: `path` where it does not exist or was
    begun by this, so that one file comes to hold all labels; else one beside the samples.

    Raises:
        DataError: the file or a line cannot be used.
    """
    told = _read(path) if path.exists() else {}
    used, wanted = 0, list(asked)
    while wanted:
        labels: dict[Key, dict[str, Recording]] = {}
        for one in wanted:
            for rungs in one.answers:
                value = next((found for rung in rungs if (found := _look_up(told, one.sample, rung)) is not None), None)
                if value is not None:
                    for rung in rungs:
                        own = labels.setdefault(one.sample.key, {})
                        own[rung] = _filed(one.sample.recordings[rung], *value)
        if not labels:
            break
        used += len(labels)
        work.take(labels)
        _, wanted = work.run.queue(whole=True)
    if path.exists():
        say(f"{used:,} rows are labelled from {path}.")
    if not wanted:
        return True, None
    begun = _begun(path)
    target = path if begun or not path.exists() else work.path.with_name(f"{work.path.name}.queue.csv")
    _write(target, wanted, after=begun)
    return False, target


def _begun(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of answers that was begun by `_write`; none if it was not."""
    if not path.exists() or path.suffix.lower() != ".csv":
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        return list(table) if tuple(table.fieldnames or ()) == COLUMNS else []


def _look_up(told: Mapping[tuple[str | None, str, str], tuple[float | None, str]], sample: Sample, rung: str) -> (
    tuple[float | None, str] | None
):  # fmt: skip
    task, identity = sample.key
    decision = sample.extra.get(DECISION)
    names = (identity, *([str(decision.get("id"))] if isinstance(decision, Mapping) else []))
    places = [(where, name, rung) for name in names for where in (task, None)]
    return next((told[place] for place in places if place in told), None)


def _filed(own: Recording, value: float | None, source: str) -> Recording:
    if value is None:
        return replace(own, extra={**own.extra, FIELD: {**annotators(own), source: {}}})
    return replace(own, correct=value, label_source=source)


def _read(path: Path) -> dict[tuple[str | None, str, str], tuple[float | None, str]]:
    """Return the labels of a file by task (None: not named), id and rung; None: nobody could tell."""
    found: dict[tuple[str | None, str, str], tuple[float | None, str]] = {}
    for where, row in label_rows(path):
        identity, value = (
            next((row[key] for key in keys if row.get(key) not in (None, "")), None) for keys in NAMES.values()
        )
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        rung = row.get("rung")
        if not isinstance(identity, str) or not isinstance(rung, str):
            message = (
                f"{where} has id {identity!r} and rung {rung!r}; the id of a sample or a decision, and the rung whose "
                "answer is labelled, were expected."
            )
            raise DataError(message)
        source = str(row.get("source") or "human")
        text = value.strip().lower() if isinstance(value, str) else value
        if text in UNSURE:
            found[row.get("task") or None, identity, rung] = (None, source)
            continue
        try:
            number = float(RIGHT.get(text, text) if isinstance(text, str) else text)
        except (TypeError, ValueError):
            number = -1.0
        if not 0.0 <= number <= 1.0:
            message = f"{where} has correct {value!r}; a number in [0, 1], true, false or 'cannot tell' was expected."
            raise DataError(message)
        found[row.get("task") or None, identity, rung] = (number, source)
    return found


def _write(path: Path, wanted: Sequence[Asked], *, after: Sequence[Mapping[str, str]]) -> None:
    """Write the answers to be labelled behind rows that the file holds already; none of these stands there twice."""
    from cascade.exchange import text_of
    from cascade.files import write_atomically
    from cascade.labelling.item import shown

    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows([row[name] for name in COLUMNS] for row in after)
    there = {(row["task"], row["id"], row["rung"]) for row in after}
    for one in wanted:
        task, identity = one.sample.key
        question = "\n".join(text_of(message.get("content")) for message in one.sample.request.messages)
        for rungs in one.answers:
            if (task, identity, rungs[0]) in there:
                continue
            answer = shown(one.sample.recordings[rungs[0]].response)
            lines.writerow([task, identity, rungs[0], question, answer, ""])
    write_atomically(path, text.getvalue())


def describe_parts(parts: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many rows are to be labelled for what, as text."""
    words = {
        "learn": "to learn from",
        "audit": "for the audit",
        "certify": "to certify with",
        "person": "for a person, who confirms the judge",
    }
    return "; ".join(
        f"{task}: {', '.join(f'{n:,} rows {words[part]}' for part, n in own.items())}" for task, own in parts.items()
    )


Ask = Callable[["Work", "Sequence[Asked]"], bool]
"""Labels what is asked for; returns whether nothing more is."""
