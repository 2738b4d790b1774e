"""What makes an artefact stops before it pays where its log cannot be written; serving does not."""

from __future__ import annotations

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
