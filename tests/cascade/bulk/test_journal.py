"""The journal beside an output."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import ConfigError, DataError, LogUnavailable
from cascade.bulk.journal import Journal, journal_of
from cascade.bulk.journal_file import ROOM

KEYS = st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=5))
REPLY, NO_REPLY = {"reply": {"text": "A"}}, {"outcome": {"state": "failed"}}
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
        assert journal.index.n_items == len(expected)
        journal.append(("a", "new"), "c", {"x": 1})
    with Journal(output, kind="run") as journal:
        for key, item in {**expected, ("a", "new"): {"x": 1}}.items():
            assert journal.get(key, "c") == item
        assert journal.index.n_items == len(expected) + 1


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
        journal.append(("t", "2"), "c", {"item": 2}, position=1)
        journal.append(("t", "1"), "c", {"answer": "é \ud800"}, position=0)
        journal.append(("t", "3"), "c", {"answer": "of a request that is not in the input any more"})
        journal.finish(journal.lines())
    assert list(map(json.loads, output.read_text().splitlines())) == [{"answer": "é \ud800"}, {"item": 2}]
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


def test_a_call_that_was_answered_is_there_again_and_one_that_was_only_begun_is_ambiguous(output):
    with Journal(output, kind="run") as journal:
        for key in ("answered", "ended", "open"):
            journal.begin(key, f"call of {key}", 7)
        journal.end("answered", "call of answered", REPLY)
        journal.end("ended", "call of ended", NO_REPLY)
    with Journal(output, kind="run") as journal:
        assert journal.reply("answered") == {"text": "A"}
        assert journal.reply("ended") is None
        assert journal.reply("open") is None
        assert journal.ambiguous == 1


def test_a_call_that_was_broken_off_may_have_been_billed(output):
    with Journal(output, kind="run") as journal:
        journal.begin("one", "call", 7)
        journal.end("one", "call", None)
    with Journal(output, kind="run") as journal:
        assert journal.ambiguous == 1


def test_room_for_answers_in_flight_is_taken_before_and_given_back_at_the_end(output):
    with Journal(output, kind="run") as journal:
        for number in range(3):
            journal.begin(str(number), f"call {number}", 7)
        taken = journal_of(output).stat().st_size
        assert taken >= 3 * ROOM
        asyncio.run(journal.synced())
    assert journal_of(output).stat().st_size < ROOM
    with Journal(output, kind="run") as journal:
        assert journal.ambiguous == 3


def test_what_a_killed_process_left_behind_its_last_line_is_cut_off(output):
    with Journal(output, kind="run") as journal:
        journal.append(("t", "1"), "c", {"answer": "A"})
    with journal_of(output).open("ab") as file:
        file.write(b"\0" * 1000)  # room that was taken and never used
    with Journal(output, kind="run") as journal:
        assert journal.get(("t", "1"), "c") == {"answer": "A"}


def test_a_journal_of_the_first_release_can_be_finished(output):
    with Journal(output, kind="run") as journal:
        journal.append(("t", "1"), "c", {"answer": "A"})
    text = journal_of(output).read_text()
    journal_of(output).write_text(text.replace('{"journal":3', '{"journal":1'))
    with Journal(output, kind="run") as journal:
        assert journal.get(("t", "1"), "c") == {"answer": "A"}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are tested where CI runs")
def test_a_disk_that_fills_up_refuses_the_call_and_not_its_answer(output):
    program = """
import resource, sys
from pathlib import Path
from cascade.bulk.journal import Journal
from cascade.bulk.journal_file import ROOM
from cascade.errors import LogUnavailable
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), kind="run")
resource.setrlimit(resource.RLIMIT_FSIZE, (5 * ROOM, 5 * ROOM))
begun = []
try:
    while True:
        journal.begin(str(len(begun)), f"call {len(begun)}", 7)
        begun.append(len(begun))
except LogUnavailable as error:
    assert "run the command again" in str(error), error
for number in begun:
    journal.end(str(number), f"call {number}", {"reply": {"text": "x" * (ROOM // 2)}})
print(len(begun))
"""
    done = subprocess.run([sys.executable, "-c", program, str(output)], capture_output=True, text=True, check=True)
    begun = int(done.stdout)
    assert begun >= 3
    with Journal(output, kind="run") as journal:
        assert all(journal.reply(str(number)) is not None for number in range(begun))
