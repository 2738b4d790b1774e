"""Importer: several formats at once, in bounded memory, and an output that is whole or not there."""

from __future__ import annotations

import json

import pytest

from cascade.errors import DataError
from cascade.importing.importer import import_files
from tests import foreign_files as made


def test_formats_that_hold_the_same_requests_make_one_set_of_samples(tmp_path, imported) -> None:
    batch = (
        made.write_lines(tmp_path / "in.jsonl", map(made.batch_input, range(3))),
        made.write_lines(tmp_path / "out.jsonl", map(made.batch_output, range(3))),
    )
    spend = made.write_csv(tmp_path / "spend.csv", map(made.spend_row, range(1, 4)))
    lines, _ = imported(*batch, spend, rungs={"large": ("openai/gpt-4o",), "small": ("openai/gpt-4o-mini",)})
    rungs = [[recording["rung"] for recording in line["recordings"]] for line in lines]
    assert rungs == [["large"], ["large", "small"], ["large", "small"], ["small"]]


@pytest.mark.parametrize("rows", [0, 3000])
def test_an_interrupted_import_leaves_nothing(tmp_path, rows: int) -> None:
    path = made.write_lines(tmp_path / "spend.jsonl", map(made.spend_row, range(4000)))

    def interrupt(done: int) -> None:
        if done >= rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_files([path], tmp_path / "samples.jsonl", rungs={}, on_rows=interrupt)
    assert [*tmp_path.iterdir()] == [path]


def test_an_earlier_output_survives_an_import_that_fails(tmp_path) -> None:
    output = tmp_path / "samples.jsonl"
    output.write_text("earlier\n")
    path = tmp_path / "spend.json"
    path.write_text(json.dumps([made.spend_row(1)])[:-5])
    with pytest.raises(DataError, match="after entry 0"):
        import_files([path], output, rungs={}, formats=["litellm-spend"])
    assert output.read_text() == "earlier\n"
    assert {*tmp_path.iterdir()} == {path, output}


def test_where_nothing_can_be_imported_the_commonest_reason_is_given(tmp_path) -> None:
    failed = [made.spend_row(n, status="failure") for n in range(3)]
    path = made.write_lines(tmp_path / "spend.jsonl", [*failed, made.spend_row(4, call_type="aembedding")])
    with pytest.raises(DataError, match=r"none of 4 rows.*\(3 rows, first .*line 1\): the call failed"):
        import_files([path], tmp_path / "samples.jsonl", rungs={})


def test_progress_is_told_by_rows(tmp_path) -> None:
    path = made.write_lines(tmp_path / "spend.jsonl", map(made.spend_row, range(2500)))
    told: list[int] = []
    import_files([path], None, rungs={}, on_rows=told.append)
    assert told == [1000, 2000, 2500]
