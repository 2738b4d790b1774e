"""Tables, CSV or Parquet: one row an answer (`--map prompt=…,answer=…,model=…`), or one a request with a column a rung.

A row an answer has the fields `ROW`; columns of those names need no mapping. A row a request is what every command
reads (`recordings.RUNG=COLUMN`, see `cascade.samples.table`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.bodies.answered import iso_of
from cascade.importing.bodies.asked import Unusable
from cascade.importing.bodies.traced import traced_answer, traced_request
from cascade.importing.imported import Imported
from cascade.importing.reader import Choices, Found
from cascade.importing.tally import Tally
from cascade.samples.cell import figure_of_cell, gold_of_cell, is_missing, name_of_cell, plain_cell, text_of_cell
from cascade.samples.rows import columns_of, rows_of
from cascade.samples.table import read_table

ROW = (
    "prompt", "answer", "model", "id", "session", "group", "gold", "correct", "cost_usd", "latency_s", "at",
    "input_tokens", "output_tokens", "finish_reason", "label_source",
)  # fmt: skip
"""Fields of a row that is one answer. A prompt may be a text or a chat as JSON."""


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the answers of tables; see `cascade.importing.reader`."""
    for source in sources:
        path = Path(source)
        if any(field.startswith("recordings.") for field in choices.mapping):
            yield from _wide(path, tally, choices.mapping)
        else:
            yield from _long(path, tally, choices)


def parse_fields(text: str) -> dict[str, str]:
    """Parse `--map` of an import: `field=column,field=column`.

    Raises:
        DataError: it is not of that form, or names an unknown field.
    """
    mapping: dict[str, str] = {}
    for pair in text.split(","):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column:
            message = f"--map has {pair!r}; field=column was expected, as in prompt=Question,answer=Reply,model=Model."
            raise DataError(message)
        if field not in ROW and not field.startswith("recordings.") and field != "task":
            message = f"--map names the field {field!r}; one of {', '.join(ROW)} or recordings.RUNG was expected."
            raise DataError(message)
        mapping[field] = column
    return mapping


def _wide(path: Path, tally: Tally, mapping: Mapping[str, str]) -> Iterator[Found]:
    for number, sample in enumerate(read_table(path, mapping, unique=False), 1):
        if not sample.recordings:
            tally.rows += 1
            tally.skip("it holds no answer", path, number)
        for recording in sample.recordings.values():
            request = sample.request
            answer = Imported(
                messages=request.messages,
                model=recording.rung,
                content=recording.response.text,
                cost_usd=recording.response.cost_usd,
                source_id=request.id if "id" in mapping else None,
                session=request.session,
                group=request.group,
                gold=sample.gold,
                correct=recording.correct,
                label_source="table",
            )
            yield answer, path, number


def _long(path: Path, tally: Tally, choices: Choices) -> Iterator[Found]:
    columns = columns_of(path)
    chosen = {name: name for name in ROW if name in columns} | dict(choices.mapping)
    missing = [field for field in ("prompt", "answer") if field not in chosen]
    absent = [column for column in chosen.values() if column not in columns]
    if missing or absent:
        found = f"no column holds the {missing[0]}" if missing else f"it has no column {absent[0]!r}"
        message = (
            f"{path}: {found}; name columns with --map prompt=COLUMN,answer=COLUMN,model=COLUMN. Its columns are "
            f"{', '.join(columns)}."
        )
        raise DataError(message)
    if "model" not in chosen and choices.model is None:
        message = (
            f"{path}: no column holds the model; add --map model=COLUMN, or say whose answers these are with --rung."
        )
        raise DataError(message)
    for number, cells in rows_of(path, set(chosen.values())):
        row = {field: cells[column] for field, column in chosen.items() if not is_missing(cells[column])}
        try:
            answer = _answer(row, choices.model)
        except (DataError, Unusable) as error:
            answer = f"it cannot be read: {error}"
        if isinstance(answer, Imported):
            yield answer, path, number
        else:
            tally.rows += 1
            tally.skip(answer, path, number)


def _answer(row: Mapping[str, Any], model: str | None) -> Imported | str:
    if "answer" not in row:
        return "it holds no answer"
    asked = traced_request(plain_cell(row.get("prompt")), or_text=True)
    answered = traced_answer(plain_cell(row["answer"]))
    named = text_of_cell(row["model"]) if row.get("model") not in (None, "") else model
    if named is None:
        return "it names no model"
    texts = {key: name_of_cell(row[key]) for key in ("id", "session", "group") if row.get(key) not in (None, "")}
    figures = {
        key: figure_of_cell(row[key])
        for key in ("correct", "cost_usd", "latency_s", "input_tokens", "output_tokens")
        if row.get(key) not in (None, "")
    }
    finish = row.get("finish_reason")
    return Imported(
        messages=asked.messages,
        params=asked.params,
        model=named,
        content=answered.content if answered else "",
        tool_calls=answered.tool_calls if answered else (),
        finish_reason=text_of_cell(finish)
        if finish not in (None, "")
        else answered.finish_reason
        if answered
        else None,
        usage={key: int(figures[key]) for key in ("input_tokens", "output_tokens") if key in figures},
        cost_usd=figures.get("cost_usd"),
        latency_s=figures.get("latency_s"),
        at=iso_of(row.get("at")),
        source_id=texts.get("id"),
        session=texts.get("session"),
        group=texts.get("group"),
        gold=gold_of_cell(row["gold"]) if "gold" in row else None,
        correct=figures.get("correct"),
        label_source=text_of_cell(row["label_source"]) if row.get("label_source") else "table",
    )
