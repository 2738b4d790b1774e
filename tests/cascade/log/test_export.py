"""Exports: complete, typed, harmless in a spreadsheet, readable by DuckDB and pandas, of any size."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cascade.display.sanitize import cell_text
from cascade.errors import DataError
from cascade.failure import FailureKind
from cascade.log import Log, open_log
from cascade.log.export import TABLES, export
from tests.cascade.log.decisions import decided, failed
from tests.cascade.log.reading import rows

FORMULAS = [
    "=HYPERLINK(1)",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "'=1",
    "plain",
    'a "quoted", one',
    "two\nlines",
]


def filled(log: Log) -> None:
    for number, text in enumerate(FORMULAS):
        result, request = decided(f"r-{number}", "0.2", "0.9", saved_usd=-0.5, principal=text, tags={"a": text})
        log.write(replace(result, error=text, latency_s=1e-7), request, at_s=1000.0 + number)
    log.write(*decided("late", failed(FailureKind.SERVER), "0.9", task="other"), at_s=5000.0)
    log.flush()
    log.label("r-0", 0.5)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_every_row_is_there_on_either_database(where: str | Path, tmp_path: Path, form: str) -> None:
    with open_log(where, spool=tmp_path / "spool.db") as log:
        filled(log)
        counts = export(log, tmp_path / "out", form)
    assert counts == {table: len(rows(where, table)) for table in TABLES}
    assert (counts["decisions"], counts["attempts"], counts["labels"]) == (12, 24, 1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{table}.{form}" for table in TABLES)


def test_pandas_reads_what_the_log_holds(file: Log, path: Path, tmp_path: Path) -> None:
    filled(file)
    export(file, tmp_path / "p", "parquet")
    export(file, tmp_path / "c", "csv")
    for table in TABLES:
        held = rows(path, table)
        read = pd.read_parquet(tmp_path / "p" / f"{table}.parquet").to_dict("records")
        commas = pd.read_csv(tmp_path / "c" / f"{table}.csv", keep_default_na=False, na_values=[""]).to_dict("records")
        assert len(read) == len(commas) == len(held)
        for row, one, other in zip(held, read, commas, strict=True):
            for name, value in row.items():
                assert one[name] == value or (value is None and pd.isna(one[name]))
                if value in (None, ""):
                    assert pd.isna(other[name])
                else:
                    assert (cell_text(other[name]) if isinstance(value, str) else other[name]) == value


def test_duckdb_answers_the_same_from_both_forms(file: Log, tmp_path: Path) -> None:
    filled(file)
    export(file, tmp_path / "p", "parquet")
    export(file, tmp_path / "c", "csv")
    asked = (
        "SELECT a.rung, count(*), round(sum(a.answer_usd), 6), sum(d.escalated::int), max(d.latency_s) "
        "FROM '{0}/attempts.{1}' a JOIN '{0}/decisions.{1}' d USING (decision_id) GROUP BY 1 ORDER BY 1"
    )
    found = [
        duckdb.sql(asked.format(tmp_path / folder, form)).fetchall()
        for folder, form in (("p", "parquet"), ("c", "csv"))
    ]
    assert found[0] == found[1]
    assert [row[:2] for row in found[0]] == [("large", 12), ("small", 12)]


def test_a_spreadsheet_finds_no_formula_and_numbers_stay_numbers(file: Log, tmp_path: Path) -> None:
    filled(file)
    export(file, tmp_path / "c", "csv")
    with (tmp_path / "c" / "decisions.csv").open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines))
    for row, text in zip(read, FORMULAS, strict=False):
        assert row["principal"] == text if text[0] in "pat" else f"'{text}"
        assert cell_text(row["principal"]) == text
        assert row["saved_usd"] == "-0.5"
        assert float(row["latency_s"]) == 1e-7
    assert not [value for row in read for value in row.values() if value[:1] in "=+@\t\r＝" and value]


def test_period_and_task_choose_decisions_with_all_that_belongs_to_them(file: Log, tmp_path: Path) -> None:
    filled(file)
    rows = export(file, tmp_path / "a", "csv", task="other")
    assert {name: n for name, n in rows.items() if n} == {"decisions": 1, "attempts": 2, "verdicts": 1}
    counts = export(file, tmp_path / "b", "csv", since_ms=1_001_000, until_ms=1_003_000)
    assert (counts["decisions"], counts["attempts"], counts["verdicts"]) == (2, 4, 4)


def test_files_of_an_earlier_export_are_replaced_only_on_demand(file: Log, tmp_path: Path) -> None:
    filled(file)
    export(file, tmp_path, "csv")
    with pytest.raises(DataError, match="exists already"):
        export(file, tmp_path, "csv")
    assert export(file, tmp_path, "csv", replace=True)["decisions"] == 12


def test_an_export_that_breaks_off_leaves_no_half_file(file: Log, tmp_path: Path) -> None:
    filled(file)

    def give_up(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(file, tmp_path / "out", "csv", on_progress=give_up)
    assert not list((tmp_path / "out").iterdir())
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        export(file, tmp_path / "taken", "csv")


def test_progress_is_told_to_its_end(file: Log, tmp_path: Path) -> None:
    filled(file)
    steps: list[tuple[int, int]] = []
    counts = export(file, tmp_path / "out", "parquet", on_progress=lambda *step: steps.append(step))
    assert steps[-1] == (sum(counts.values()), sum(counts.values()))


def test_ids_of_both_forms_join_whatever_they_begin_with(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    ids = ["-5", "+49", "=A1", "@user", "'quoted", '=HYPERLINK("x")', "plain"]
    with open_log(tmp_path / "d.db") as log:
        for identity in ids:
            log.write(*decided(identity, "0.9"))
        for form in ("csv", "parquet"):
            export(log, tmp_path / form, form)
    with (tmp_path / "csv" / "decisions.csv").open(encoding="utf-8", newline="") as file:
        written = [row["request_id"] for row in csv.DictReader(file)]
    assert pq.read_table(tmp_path / "parquet" / "decisions.parquet")["request_id"].to_pylist() == ids
    assert written == [*ids[:4], "''quoted", '\'=HYPERLINK("x")', "plain"], "only what calls a function is escaped"
