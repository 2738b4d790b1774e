"""Foreign text made safe: nothing steers a terminal, nothing computes in a spreadsheet, nothing is lost."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.display.sanitize import cell, cell_text, one_line, printable, spell_in_json

STEERING = [
    "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\", "\x9b31m", "\x90q", "over\rwritten",
    "\b\b\b", "\x7f", "\u202edrow", "\u2066x\u2069", "\u200f", "\u2028", "\ufeff", "\U000e0041\U000e0042", "\ud800",
]  # fmt: skip
FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "＝1+1", "＋1", "－1", "＠x", "\ufeff=1",
    "\u200b=1", "\u202e=1", "=cmd|' /C calc'!A0", "+cmd|x", "%0A=1", "|calc", "'=1", "\x00=1", "−1",
]  # fmt: skip
PLAIN = ["", "Lyon", "3 red chairs", "a=b", "x-1", "(1)", "é", "𝛑", '"quoted"', "1e5", "0123"]


@pytest.mark.parametrize("text", STEERING)
def test_nothing_that_steers_or_hides_reaches_a_terminal(text: str) -> None:
    for shown in (printable(text), one_line(text), spell_in_json(json.dumps(text, ensure_ascii=False))):
        assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in shown)
        assert shown.encode()


@given(st.text())
def test_json_made_safe_says_the_same(text: str) -> None:
    assert json.loads(spell_in_json(json.dumps({text: [text]}, ensure_ascii=False))) == {text: [text]}


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Zürich, 東京, नमस्ते, می‌خواهم, 👩‍👩‍👧\n\t- a list"  # with both joiners
    assert printable(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_be_computed_is_text_in_a_cell(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize("value", [-1, 0.5, None, True])
def test_numbers_stay_numbers(value: object) -> None:
    assert cell(value) is value


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_a_cell_comes_back_from_a_file_as_it_was(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerow([cell(text), 1])
    file.seek(0)
    ((first, _),) = csv.reader(file)
    assert cell_text(first) == text
