"""Samples that are read anew on each pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.errors import DataError
from cascade.samples.reader import ChangedSamples, SampleFiles

LINES = '{"id": "a", "prompt": "one"}\n{"id": "b", "prompt": "two", "task": "other"}\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_files_are_read_anew_each_time(write: Callable[[str, str], Path]) -> None:
    files = SampleFiles([write("s.jsonl", LINES), write("t.csv", "id,prompt\nc,three\n")])
    assert [sample.request.id for sample in files] == ["a", "b", "c"]
    assert list(files) == list(files)


def test_what_changed_between_two_passes_is_read_as_it_is_then(write: Callable[[str, str], Path]) -> None:
    path = write("s.jsonl", LINES)
    files = SampleFiles([path])
    assert len(list(files)) == 2
    path.write_text(LINES + '{"prompt": 3}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 3: prompt"):
        list(files)


@pytest.mark.parametrize("name", ["s.jsonl", "s.csv"])
def test_one_id_in_two_files_is_refused_and_both_are_named(write: Callable[[str, str], Path], name: str) -> None:
    twice = write(name, LINES if name.endswith("l") else "id,prompt\na,one\n")
    with pytest.raises(DataError, match=r"first\.jsonl; ids"):
        list(SampleFiles([write("first.jsonl", LINES), twice]))


def test_a_pass_that_was_left_early_does_not_count_as_a_check(write: Callable[[str, str], Path]) -> None:
    files = SampleFiles([write("s.jsonl", LINES + LINES)])
    assert next(iter(files)).request.id == "a"
    with pytest.raises(DataError, match="appears twice"):
        list(files)


def test_files_without_a_sample_are_refused_on_every_pass(write: Callable[[str, str], Path]) -> None:
    files = SampleFiles([write("empty.jsonl", "\n")])
    for _ in range(2):
        with pytest.raises(DataError, match="no sample was found"):
            list(files)


def test_changes_are_made_on_every_pass(write: Callable[[str, str], Path]) -> None:
    changed = ChangedSamples(SampleFiles([write("s.jsonl", LINES)]), lambda sample: replace(sample, gold="4"))
    assert [[sample.gold for sample in changed] for _ in range(2)] == [["4", "4"]] * 2
