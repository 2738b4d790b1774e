"""Tables: one row an answer, or one row a request."""

from __future__ import annotations

import pytest

from cascade.errors import DataError
from cascade.importing.formats.table import parse_fields
from tests.foreign_files import write_csv


def test_a_row_an_answer(tmp_path, imported) -> None:
    rows = [
        {
            "Q": f"What is {n}?",
            "A": f"{n}",
            "M": model,
            "right": n % 2,
            "usd": "0.01",
            "when": "2026-01-01 12:00:00",
            "G": n,
        }
        for n in range(3)
        for model in ("gpt-4o-mini", "gpt-4o")
    ]
    mapping = parse_fields("prompt=Q,answer=A,model=M,correct=right,cost_usd=usd,at=when,gold=G")
    lines, _ = imported(write_csv(tmp_path / "t.csv", rows), mapping=mapping)
    assert len(lines) == 3
    assert [recording["model"] for recording in lines[1]["recordings"]] == ["gpt-4o-mini", "gpt-4o"]
    assert lines[1]["recordings"][0] | {"usage": None} == {
        "model": "gpt-4o-mini", "content": "1", "cost_usd": 0.01, "usage": None, "correct": 1.0,
        "label_source": "table", "at": "2026-01-01T12:00:00Z",
    }  # fmt: skip
    assert lines[1]["gold"] == "1"


def test_columns_of_the_fields_names_need_no_mapping(tmp_path, imported) -> None:
    rows = [{"prompt": "Where?", "answer": "Rome.", "model": "m", "session": "s", "other": "x"}]
    lines, _ = imported(write_csv(tmp_path / "t.csv", rows))
    assert lines[0]["session"] == lines[0]["group"] == "s"


def test_one_rung_names_the_model_of_rows_without_one(tmp_path, imported) -> None:
    path = write_csv(tmp_path / "t.csv", [{"prompt": "Where?", "answer": "Rome."}])
    lines, _ = imported(path, rungs={"top": ("openai/gpt-4o",)}, model="openai/gpt-4o")
    assert lines[0]["recordings"][0]["rung"] == "top"
    with pytest.raises(DataError, match="no column holds the model"):
        imported(path)


def test_a_column_a_rung(tmp_path, imported) -> None:
    rows = [{"Q": "Where?", "s": "Roma.", "l": "Rome.", "ok": "1"}, {"Q": "When?", "s": "", "l": "", "ok": ""}]
    mapping = parse_fields("prompt=Q,recordings.small=s,recordings.large=l,recordings.large.correct=ok")
    with pytest.warns(UserWarning, match="without an answer"):
        lines, tally = imported(
            write_csv(tmp_path / "t.csv", rows), mapping=mapping, rungs={"small": ("o/mini", "small")}
        )
    assert [recording.get("rung", recording["model"]) for recording in lines[0]["recordings"]] == ["small", "large"]
    assert lines[0]["recordings"][0]["model"] == "o/mini"
    assert lines[0]["recordings"][1]["correct"] == 1.0
    assert [*tally.skipped] == ["it holds no answer"]


def test_a_prompt_may_be_a_chat_and_an_answer_a_message(tmp_path, imported) -> None:
    row = {"prompt": '[{"role": "user", "content": "Where?"}]', "answer": '{"role": "assistant", "content": "Rome."}'}
    lines, _ = imported(write_csv(tmp_path / "t.csv", [{**row, "model": "m"}]))
    assert lines[0]["messages"] == [{"role": "user", "content": "Where?"}]
    assert lines[0]["recordings"][0]["content"] == "Rome."


def test_a_row_that_cannot_be_read_is_counted(tmp_path, imported) -> None:
    rows = [{"prompt": "Where?", "answer": "Rome.", "model": "m", "correct": "yes"}]
    rows += [{**rows[0], "correct": "1"}, {**rows[0], "answer": ""}, {**rows[0], "correct": "7"}]
    lines, tally = imported(write_csv(tmp_path / "t.csv", rows))
    assert len(lines) == 1
    assert sum(one.n for one in tally.skipped.values()) == 3


@pytest.mark.parametrize("text", ["prompt", "prompt=", "question=Q"])
def test_a_mapping_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="--map"):
        parse_fields(text)


def test_a_table_without_prompts_says_which_columns_it_has(tmp_path, imported) -> None:
    with pytest.raises(DataError, match=r"no column holds the prompt.*Its columns are a, b"):
        imported(write_csv(tmp_path / "t.csv", [{"a": 1, "b": 2}]))
