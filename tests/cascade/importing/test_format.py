"""Format: told from the first row, for each of the known ones."""

from __future__ import annotations

import pytest

from cascade.errors import DataError
from cascade.importing.format import format_of, source_of
from tests import foreign_files as made


def write(folder, name):
    """Write a file of one format, with a broken line first where it has lines."""
    forms = {
        "openai-batch": [made.batch_input(1)], "anthropic-batch": [made.message_result(1)],
        "litellm-spend": [made.spend_row(1)], "langfuse": [made.observation(1)],
        "promptfoo": [made.evaluation(1)], "otel": [made.export(made.span(1, {}))],
    }  # fmt: skip
    return made.write_lines(folder / f"{name}.jsonl", forms[name])


@pytest.mark.parametrize("name", ["openai-batch", "anthropic-batch", "litellm-spend", "langfuse", "promptfoo", "otel"])
def test_a_file_s_first_row_tells_its_format(tmp_path, name: str) -> None:
    assert format_of(write(tmp_path, name)) == name


def test_other_parts_of_a_format_are_it_too(tmp_path) -> None:
    rows = {
        "openai-batch": made.batch_output(1), "anthropic-batch": made.message_params(1), "langfuse": made.score(1),
        "otel": made.export_logs(),
    }  # fmt: skip
    for name, row in rows.items():
        assert format_of(made.write_lines(tmp_path / "f.jsonl", [row])) == name


def test_tables_are_told_by_their_columns(tmp_path) -> None:
    assert format_of(made.write_csv(tmp_path / "a.csv", [made.spend_row(1)])) == "litellm-spend"
    assert format_of(made.write_csv(tmp_path / "b.csv", [made.observation(1)])) == "langfuse"
    assert format_of(made.write_csv(tmp_path / "c.csv", [{"prompt": 1, "answer": 2}])) == "csv"


def test_what_is_unknown_says_what_was_found(tmp_path) -> None:
    path = made.write_lines(tmp_path / "f.jsonl", [{"left": 1, "right": 2}])
    with pytest.raises(DataError, match=r"an object with 'left', 'right', which is no known format.*--format"):
        format_of(path)
    (tmp_path / "e.jsonl").write_text("")
    with pytest.raises(DataError, match="no JSON object"):
        format_of(tmp_path / "e.jsonl")


def test_a_source_is_a_file_or_a_database(tmp_path) -> None:
    assert source_of("postgresql://me@host/x") == "postgresql://me@host/x"
    with pytest.raises(DataError, match="does not exist"):
        source_of(str(tmp_path / "missing"))
    with pytest.raises(DataError, match="is a folder"):
        source_of(str(tmp_path))
