"""Labels of a decision log for commands: drawn decisions are labelled, labels from elsewhere are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cascade.cli.shared.terminal import say, warn
from cascade.errors import DataError

if TYPE_CHECKING:
    from cascade.labelling import Session
    from cascade.log.label import Label
    from cascade.log.log import Log

NAMES = {"decision_id": ("decision_id", "decision", "id", "request_id"), "correct": ("correct", "score", "label")}
"""Names under which an imported file may have the two fields."""

RIGHT = {"true": 1.0, "yes": 1.0, "right": 1.0, "false": 0.0, "no": 0.0, "wrong": 0.0}
"""Words of a label."""


def label_log(
    log: Log,
    who: str,
    n: int,
    draw: Literal["uniform", "doubt", "watched"],
    *,
    rungs: Sequence[str] | None,
    tasks: Sequence[str] | None,
    everything: bool,
    since_ms: int | None,
    until_ms: int | None,
    sit: Callable[[Session], None],
) -> dict[str, Any]:
    """Draw decisions, have their answers labelled, and write the labels into the log; return what was done.

    Raises:
        DataError: no decision has texts.
        LogUnavailable: the log cannot be read or written.
    """
    from cascade.bulk.journal import Journal
    from cascade.labelling import Session, lay_items
    from cascade.labelling.log_draw import Drawn, log_draw
    from cascade.labelling.watched_draw import DrawnPairs, pair_samples, watched_draw
    from cascade.log.label import HUMAN, Label
    from cascade.log.samples import log_samples
    from cascade.samples.sample import DECISION

    propensity: dict[str, float | None] = {}
    if draw == "watched":
        drawn: DrawnPairs | Drawn = watched_draw(
            log, n, annotator=who, tasks=tasks, since_ms=since_ms, until_ms=until_ms
        )
    else:
        drawn = log_draw(log, n, annotator=who, how=draw, tasks=tasks, since_ms=since_ms, until_ms=until_ms)
    if isinstance(drawn, DrawnPairs) and not drawn.n and not drawn.n_textless:
        say(f"{log.name} has no watched answer that differs from the reference's (observe.watch), so none to label.")
        return {"n_drawn": 0, "n": 0, "n_labelled": 0}
    if not drawn.n:
        message = (
            f"{log.name} has no decision whose texts are stored ({drawn.n_textless:,} have none), so there is "
            "nothing to show; log with `store_text: full` or `redacted`, or take labels from elsewhere with "
            "--import FILE."
        )
        raise DataError(message)
    if isinstance(drawn, DrawnPairs):
        pairs = {one.decision_id: one for one in drawn.pairs}
        found = log_samples(log, ids=pairs) if pairs else ()
        samples = list(pair_samples((one for one in found if not one.textless), pairs, DECISION))
    else:
        propensity.update(drawn.propensity)
        samples = [one for one in log_samples(log, ids=drawn.propensity) if not one.textless]
    decisions = {one.key: one.extra[DECISION] for one in samples}
    items = lay_items(samples, who, rungs=rungs, everything=everything)
    done: dict[str, Any] = {"n_drawn": len(items), "n": drawn.n, "n_labelled": 0}
    if not items:
        say(f"Nothing is left for {who} to label in {log.name}.")
        return done
    beside = Path("cascade-log") if log.path is None else log.path
    with Journal(beside.with_name(f"{beside.name}.{who}"), kind="label") as journal:
        session = Session(items, journal)
        say(
            f"{len(items):,} of {drawn.n:,} decisions for {who} ({drawn.n_labelled:,} are labelled); labels are saved "
            f"to {log.name}."
        )
        try:
            sit(session)
        finally:
            # On Ctrl-C too, the labels given so far are saved.
            given = session.labels()
            labels = [
                Label(
                    decision=decisions[key]["id"], correct=min(values.values()), rung=rung, source=f"{HUMAN}:{who}",
                    propensity=propensity.get(decisions[key]["id"]),
                )
                for key, own in given.items()
                for rung, values in own.items()
            ]  # fmt: skip
            log.add_labels(labels)
            journal.path.unlink(missing_ok=True)
    say(f"{len(given):,} decision{'' if len(given) == 1 else 's'} labelled in this session.")
    if draw == "doubt" and given:
        warn(
            "Drawn by doubt, these labels say more of doubtful answers: `cascade calibrate` and `check` weigh them by "
            "their probability, and the accuracy in `cascade report` does not."
        )
    if draw == "watched" and given:
        warn(
            "Drawn where the reference differs, these labels are of hard requests: they tell whether the certificate "
            "holds (`cascade report`), and the accuracy of all labels there is now too low."
        )
    return {**done, "n_labelled": len(given), "n_labels": len(labels)}


def import_labels(log: Log, path: Path) -> dict[str, Any]:
    """Take the labels of a file into the log, all or none; decisions that it does not hold are left out and counted.

    Raises:
        DataError: the file or a line cannot be used, or the log holds none of its decisions.
        LogUnavailable: the log cannot be written.
    """
    labels = [_label(row, where) for where, row in label_rows(path)]
    if not labels:
        message = f"{path} has no line; lines with decision_id and correct were expected."
        raise DataError(message)
    n = log.add_labels(labels, skip_unknown=True)
    unknown = len(labels) - n
    if not n:
        message = (
            f"{log.name} holds none of the {unknown:,} decisions of {path}; ids as in Result.decision_id were expected."
        )
        raise DataError(message)
    say(f"{n:,} labels are in {log.name}.")
    if unknown:
        warn(f"{unknown:,} labels are of decisions that it does not hold (purged, or of another log), and left out.")
    return {"n_labels": n, "n_unknown": unknown}


def label_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of a file of labels, CSV or JSON lines, and where each stands.

    Raises:
        DataError: the file or a line cannot be read.
    """
    import csv
    import json

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}. CSV or JSON lines in UTF-8 were expected."
        raise DataError(message) from None
    if path.suffix.lower() in (".csv", ".tsv"):
        table = csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        for row in table:
            yield f"{path}, line {table.line_num}", row
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            message = f"{path}, line {number} is no JSON object; decision_id and correct were expected."
            raise DataError(message)
        yield f"{path}, line {number}", found


def _label(row: Mapping[str, Any], where: str) -> Label:
    from cascade.exchange import is_name
    from cascade.log.label import Label

    named = {name: next((row[key] for key in keys if row.get(key) not in (None, "")), None)
             for name, keys in NAMES.items()}  # fmt: skip
    identity, value = named["decision_id"], named["correct"]
    source = row.get("source") or "import"
    if not isinstance(identity, str) or not is_name(str(source).replace(":", "-")):
        message = f"{where} has decision_id {identity!r} and source {source!r}; an id, and a name were expected."
        raise DataError(message)
    if isinstance(value, str):
        value = RIGHT.get(value.strip().lower(), value)
    try:
        number = float(value)  # type: ignore[arg-type]
        return Label(decision=identity, correct=number, rung=row.get("rung") or None, source=str(source))
    except (TypeError, ValueError, DataError):
        message = f"{where} has correct {value!r}; a number in [0, 1], true or false was expected."
        raise DataError(message) from None
