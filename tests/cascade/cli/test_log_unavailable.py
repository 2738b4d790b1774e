"""What makes an artefact stops before it pays where its log cannot be written; serving does not."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing

import pytest

from tests.cascade.cli.conftest import write_lines

EXPLORE = ("explore", "in.jsonl", "-o", "out.jsonl", "-y")
RUN = ("run", "--input", "in.jsonl", "--output", "out.jsonl")
CALIBRATE = ("calibrate", "in.jsonl", "--target-escalation", "0.3", "-y")


@pytest.fixture
def asked(configured):
    write_lines(configured / "in.jsonl", [{"id": f"q{i}", "prompt": f"question {i}", "gold": "fine"} for i in range(8)])
    return configured


@pytest.mark.parametrize("args", [EXPLORE, RUN, CALIBRATE])
def test_a_log_that_is_no_database_stops_it_before_the_first_call(cli, asked, server, args):
    (asked / "decisions.db").write_text("no database at all, whatever its name says\n" * 50)
    done = cli(*args)
    assert (done.exit_code, server.hits) == (3, [])
    assert "decisions.db cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_another_process_holds_locked_stops_it_before_the_next_call(cli, asked, server):
    assert cli("run", "hello").exit_code == 0
    server.reset()
    with closing(sqlite3.connect("decisions.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = cli(*EXPLORE)
        other.execute("ROLLBACK")
    assert (done.exit_code, server.hits) == (3, [])
    assert "database is locked" in done.stderr
    assert cli(*EXPLORE).exit_code == 0


def test_one_request_is_answered_though_its_row_has_to_wait(cli, asked, server):
    assert cli("run", "hello").exit_code == 0
    with closing(sqlite3.connect("decisions.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(1.0, lambda: other.execute("ROLLBACK")).start()
        done = cli("run", "hello again")
    assert done.exit_code == 0
    with closing(sqlite3.connect("decisions.db")) as log:
        assert log.execute("SELECT count(*) FROM decisions").fetchone() == (2,)


@pytest.mark.parametrize("left", [0, 4096, 9000])
@pytest.mark.parametrize(
    "args", [RUN, EXPLORE, ("run", "hello"), ("report",), ("verify",), ("export", "decisions.db", "--csv", "csv")]
)
def test_a_log_that_was_truncated_is_told_by_every_command_and_left_as_it_is(cli, asked, server, args, left):
    assert cli("run", "hello").exit_code == 0
    server.reset()
    whole = (asked / "decisions.db").read_bytes()
    assert len(whole) > left
    (asked / "decisions.db").write_bytes(whole[:left])
    done = cli(*args)
    assert done.exit_code == 3, done.stderr
    assert f"{left:,} bytes" in done.stderr
    assert "expected" in done.stderr
    assert (server.hits, (asked / "decisions.db").read_bytes()) == ([], whole[:left])


def test_a_log_that_is_truncated_during_a_run_ends_it_with_an_exit_code(cli, asked, server):
    assert cli("run", "hello").exit_code == 0
    server.hold(after=len(server.hits))
    cut = threading.Thread(target=_cut_at_the_first_hit, args=(server, asked / "decisions.db"))
    cut.start()
    done = cli("run", "hello again")
    cut.join()
    assert (done.exit_code, done.stdout.strip()) == (3, "fine")
    assert "was truncated" in done.stderr


def _cut_at_the_first_hit(server, path):
    server.arrived.clear()
    assert server.arrived.wait(60)
    os.truncate(path, 4096)
    server.release()
