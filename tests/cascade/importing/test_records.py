"""Rows of foreign files: large documents in pieces, lines that are broken, values that are texts."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import DataError
from cascade.importing.json_stream import NotStreamable, elements
from cascade.importing.records import ARRAYS, decoded, first_record, records
from cascade.importing.tally import Tally

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=12,
)


class Trickle(io.StringIO):
    """A file that gives a few characters at a time."""

    def __init__(self, text: str, most: int) -> None:
        super().__init__(text)
        self.most = most

    def read(self, size: int | None = -1) -> str:
        """Read at most so many characters."""
        return super().read(min(size or self.most, self.most))


@given(st.lists(VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
def test_an_array_gives_its_elements_however_it_is_read(values: list, most: int, indent: int | None) -> None:
    assert [*elements(Trickle(json.dumps(values, indent=indent), most), ())] == values


@given(st.lists(VALUES, max_size=4), VALUES, st.integers(1, 9))
def test_an_array_inside_a_document_gives_its_elements(values: list, other: object, most: int) -> None:
    text = json.dumps({"before": other, "results": {"prompts": [other], "results": values, "stats": other}, "x": other})
    assert [*elements(Trickle(text, most), ARRAYS)] == values


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=4), st.integers(1, 9))
def test_documents_that_follow_each_other_are_elements(values: list, most: int) -> None:
    assert [*elements(Trickle("\n".join(json.dumps(value, indent=2) for value in values), most), ())] == values


@pytest.mark.parametrize("text", ['[{"a": 1}, {"b": ', "[1 2]", '{"data": [1, 2', "{1: 2}", '["a", }', "[1, NaNa]"])
def test_what_is_not_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotStreamable, match="not JSON"):
        [*elements(io.StringIO(text), ARRAYS)]


def test_a_value_that_is_too_large_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("cascade.importing.json_stream.LINE_LIMIT", 1000)
    with pytest.raises(NotStreamable, match="over"):
        [*elements(Trickle('["' + "x" * 5000 + '"]', 100), ())]


def rows(path: Path) -> tuple[list[dict], Tally]:
    tally = Tally()
    return [dict(row) for _, row in records(path, tally)], tally


@pytest.mark.parametrize(
    ("text", "expected", "skipped"),
    [
        ('{"a": 1}\n{"a": 2}\n', [1, 2], 0),
        ('\n{"a": 1}', [1], 0),
        ('{"a": 1}\n{"a": \n{"a": 3}\n', [1, 3], 1),
        ('{"a": \n{"a": 2}\n', [2], 1),
        ('{"a": 1}\n7\n[1]\n', [1], 2),
        ('[{"a": 1},\n {"a": 2}]', [1, 2], 0),
        ('[{"a": 1}, 7]', [1], 1),
        ('{"data": [{"a": 1}, {"a": 2}]}', [1, 2], 0),
        ('{\n "data": [\n {"a": 1}\n]}', [1], 0),
        ('{\n "a": 1\n}\n{\n "a": 2\n}', [1, 2], 0),
        ('\ufeff[{"a": 1}]', [1], 0),
        ("", [], 0),
    ],
)
def test_lines_and_documents_are_told_apart(tmp_path, text: str, expected: list[int], skipped: int) -> None:
    path = tmp_path / "f.json"
    path.write_text(text, encoding="utf-8")
    found, tally = rows(path)
    assert [row["a"] for row in found] == expected
    assert tally.n_skipped == tally.rows == skipped


def test_a_document_that_ends_early_is_an_error_that_says_where(tmp_path) -> None:
    path = tmp_path / "f.json"
    path.write_text('[{"a": 1}, {"a": 2}, {"a"')
    with pytest.raises(DataError, match=r"f.json, after entry 2: it is not JSON"):
        rows(path)


def test_what_is_not_text_is_an_error(tmp_path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(b'[{"a": "\xff"}]')
    with pytest.raises(DataError, match="not UTF-8"):
        rows(path)
    with pytest.raises(DataError, match="cannot be read"):
        first_record(tmp_path / "missing.jsonl")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"a": 1}', {"a": 1}), (" [1]", [1]), ('"{\\"a\\": 1}"', {"a": 1}), ('"quoted"', '"quoted"'), ("{no", "{no"),
        ("7", "7"), (7, 7), (None, None), ({"a": 1}, {"a": 1}),
    ],
)  # fmt: skip
def test_json_that_a_column_holds_as_text_is_decoded(value: object, expected: object) -> None:
    assert decoded(value) == expected
