"""The journal beside an output."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import ConfigError, DataError, LogUnavailable
from cascade.bulk.journal import Journal, journal_of

KEYS = st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=5))
ITEMS = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=5), max_size=3)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.jsonl"


def test_what_was_appended_is_there_when_it_is_opened_again(output):
    with Journal(output, kind="run") as journal:
        journal.append(("t", "1"), "content", {"answer": "A"})
    with Journal(output, kind="run") as journal:
        assert journal.get(("t", "1"), "content") == {"answer": "A"}
        assert journal.get(("t", "1"), "other content") is None
        assert journal.get(("t", "2"), "content") is None


@given(entries=st.lists(st.tuples(KEYS, ITEMS), max_size=8), cut=st.integers(0, 400))
def test_a_torn_end_costs_at_most_the_entry_that_was_torn(tmp_path_factory, entries, cut):
    output = tmp_path_factory.mktemp("torn") / "out.jsonl"
    with Journal(output, kind="run") as journal:
        for key, item in entries:
            journal.append(key, "c", item)
    data = journal_of(output).read_bytes()
    journal_of(output).write_bytes(data[: max(0, len(data) - cut)])
    whole = data[: max(0, len(data) - cut)].count(b"\n") - 1
    with Journal(output, kind="run") as journal:
        expected = dict(entries[: max(0, whole)])
        assert journal.done == expected
        journal.append(("a", "new"), "c", {"x": 1})
    with Journal(output, kind="run") as journal:
        assert journal.done == {**expected, ("a", "new"): {"x": 1}}


def test_two_processes_cannot_hold_it_at_once(output):
    with Journal(output, kind="run"), pytest.raises(ConfigError, match="in use"):
        Journal(output, kind="run")


def test_another_policy_cannot_finish_it(output):
    with Journal(output, kind="run", made_by="one") as journal:
        journal.append(("t", "1"), "c", {})
    with pytest.raises(ConfigError, match="another ladder or policy"):
        Journal(output, kind="run", made_by="two")


@pytest.mark.parametrize("text", ["not JSON\n", "[]\n", '{"journal": 1, "kind": "explore"}\n', "{}\n"])
def test_a_foreign_file_is_refused_and_left_as_it_is(output, text):
    journal_of(output).write_text(text)
    with pytest.raises((ConfigError, DataError), match=r"out\.jsonl\.part"):
        Journal(output, kind="run")
    assert journal_of(output).read_text() == text


def test_finishing_writes_the_output_and_removes_the_journal(output):
    with Journal(output, kind="run") as journal:
        journal.append(("t", "1"), "c", {"answer": "é \ud800"})
        journal.finish(journal.done.values())
    assert json.loads(output.read_text()) == {"answer": "é \ud800"}
    assert not journal_of(output).exists()


def test_a_folder_that_does_not_exist_is_an_error_that_says_so(tmp_path):
    with pytest.raises(ConfigError, match="folder that exists"):
        Journal(tmp_path / "absent" / "out.jsonl", kind="run")


def test_a_full_disk_stops_the_run(output):
    journal = Journal(output, kind="run")
    with journal:
        pass
    with pytest.raises(LogUnavailable, match="run the command again"):
        journal.append(("t", "1"), "c", {})
