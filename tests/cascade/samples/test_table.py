"""Samples from CSV, TSV and Parquet files."""

from __future__ import annotations

import sys

import pytest

from cascade import DataError
from cascade.samples.reader import read_files
from cascade.samples.sample import SampleWarning
from cascade.samples.table import parse_mapping

MAP = "id=ID,prompt=Question,gold=Key,recordings.gpt-3.5=Answer,recordings.gpt-3.5.correct=Right"


@pytest.fixture
def write(tmp_path):
    def written(name: str, text: str):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return written


def test_columns_become_fields_and_recordings(write):
    path = write("s.csv", 'ID,Question,Key,Answer,Right\n1,"2+2, please",4,four,TRUE\n2,3+3,"{""n"": 6}",,\n')
    with pytest.warns(SampleWarning, match=r"1 row without .* gpt-3\.5"):
        first, second = read_files([path], parse_mapping(MAP))
    assert (first.request.id, first.request.prompt, first.gold) == ("1", "2+2, please", "4")
    recording = first.recordings["gpt-3.5"]
    assert (recording.response.text, recording.correct) == ("four", 1.0)
    assert (second.gold, dict(second.recordings)) == ({"n": 6}, {})


def test_columns_of_the_fields_names_need_no_mapping(write):
    (sample,) = read_files([write("s.tsv", "id\tprompt\ttask\n1\thello\tgreet\n")])
    assert (sample.request.prompt, sample.request.task) == ("hello", "greet")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ID,Key\n1,2\n", "no column 'Question'"),
        ("ID,Question,Key,Answer,Right\n1,a\n", "more or fewer"),
        ("ID,Question,Key,Answer,Right\n1,a,b,c,maybe\n", "line 2.*number"),
        ("ID,Question,Key,Answer,Right\n1,a,b,c,2\n", "line 2"),
        ("ID,Question,Key,Answer,Right\n1,a,b,c,1\n1,b,b,c,1\n", "twice"),
        ('ID,Question,Key,Answer,Right\n1,"a,b,c,1\n', "CSV"),
        ("ID,Question,Key,Answer,Right\n", "no sample"),
    ],
)
def test_a_broken_table_is_an_error_that_names_file_and_line(write, text, words):
    path = write("s.csv", text)
    with pytest.raises(DataError, match=rf"s\.csv.*{words}"):
        read_files([path], parse_mapping(MAP))


@pytest.mark.parametrize("text", ["id", "id=", "foo=Bar"])
def test_a_mapping_that_makes_no_sense_is_refused(text):
    with pytest.raises(DataError, match="--map"):
        parse_mapping(text)


def test_an_id_may_not_stand_in_two_files(write):
    paths = [write("a.jsonl", '{"id": "1", "prompt": "?"}\n'), write("b.jsonl", '{"id": "1", "prompt": "?"}\n')]
    with pytest.raises(DataError, match=r"b\.jsonl.*a\.jsonl"):
        read_files(paths)


def test_parquet_without_pyarrow_says_what_to_install(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match="pyarrow"):
        read_files([write("s.parquet", "PAR1")])
