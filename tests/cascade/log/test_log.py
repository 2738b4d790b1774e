"""The decision log: complete rows, one writer, no loss that is not counted."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.errors import ConfigError, DataError, LogUnavailable
from cascade.exchange import Request
from cascade.failure import FailureKind
from cascade.log import Log, open_log
from cascade.log.redaction import Redactor, storable
from tests.cascade.log.decisions import POLICY, decided, failed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with open_log(path) as log:
        yield log


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """Read a table as anybody would, without our code."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608 - a fixed name


def test_a_decision_is_one_row_with_a_row_for_each_attempt_and_verdict(log: Log, path: Path) -> None:
    about = {"principal": "acme", "session": "s-1", "group": "g-1", "tags": {"feature": "import"}}
    log.write(*decided("r-1", "0.2", "0.9", saved_usd=-0.001, **about), at_s=1_800_000_000.5)
    log.flush()
    (decision,) = rows(path, "decisions")
    known = {"task": "default", "request_id": "r-1", "decision_id": "d-r-1", "outcome": "accepted", "rung": "large",
             "escalated": 1, "first_answered": 1, "calibrated": 1, "at_ms": 1_800_000_000_500, "input_tokens": 20,
             "principal": "acme", "session": "s-1", "group": "g-1", "saved_usd": -0.001, "attempts": 2}  # fmt: skip
    assert {key: decision[key] for key in known} == known
    assert decision["cost_usd"] == pytest.approx(0.011)
    assert json.loads(decision["tags"]) == {"feature": "import"}
    first, second = rows(path, "attempts")
    assert (first["rung"], first["action"], first["reason"]) == ("small", "escalate", "confidence")
    assert (first["confidence"], first["t"], first["g"]) == (0.2, 0.5, 0.0)
    assert (second["rung"], second["action"], second["t"]) == ("large", "accept", None)
    assert [(row["rung"], row["verifier"], row["score"]) for row in rows(path, "verdicts")] == [
        ("small", "says", 0.2),
        ("large", "says", 0.9),
    ]


def test_a_failure_is_logged_by_its_kind(log: Log, path: Path) -> None:
    log.write(*decided("r-1", failed(FailureKind.SERVER), "0.9"))
    log.flush()
    first, second = rows(path, "attempts")
    assert (first["failure"], first["status"], first["action"]) == ("server", 503, "fail_over")
    assert second["failure"] is None
    assert rows(path, "decisions")[0]["first_answered"] == 0


def test_text_is_stored_only_where_asked_for(tmp_path: Path) -> None:
    secret = "Write to ann@example.org, key sk-canary-0123456789"
    result, request = decided("r-1", "0.9")
    request = Request.of(secret, id="r-1")
    attempt = replace(result.attempts[0], response=scripted(secret))
    found = {}
    for store_text in ("none", "redacted", "full"):
        path = tmp_path / f"{store_text}.db"
        with open_log(path, store_text=store_text) as log:
            log.write(replace(result, attempts=(attempt,)), request)
        found[store_text] = rows(path, "attempts")[0]["answer_text"], rows(path, "decisions")[0]["request_text"]
        assert rows(path, "decisions")[0]["request_chars"] == len(secret)
        assert b"sk-canary" not in path.read_bytes()
    assert found["none"] == (None, None)
    assert found["redacted"][0] == "Write to [redacted], key [redacted]"
    assert found["full"][0] == "Write to ann@example.org, key [redacted]"
    assert json.loads(found["full"][1]) == [{"role": "user", "content": "Write to ann@example.org, key [redacted]"}]


def test_known_secrets_are_never_stored(path: Path) -> None:
    result, request = decided("r-1", "0.9")
    with open_log(path, store_text="full", secrets=["correct-horse"]) as log:
        log.write(replace(result, error="401: correct-horse is no key", tags={"k": "correct-horse"}), request)
    assert b"correct-horse" not in path.read_bytes()


@given(st.text(st.characters()))
def test_any_string_that_python_holds_can_be_stored(text: str) -> None:
    stored = storable(text + "\ud800\0")
    assert stored.encode()
    assert "\0" not in stored
    assert stored.endswith("\\ud800\\u0000")


def test_odd_text_and_figures_are_written_not_refused(log: Log, path: Path) -> None:
    result, request = decided("r\0\ud800", "0.9", tags={"a\ud800": "\0"})
    log.write(replace(result, latency_s=float("nan"), saved_usd=float("inf"), error="\ud800\0"), request)
    log.flush()
    (row,) = rows(path, "decisions")
    assert (row["request_id"], row["error"]) == ("r\\u0000\\ud800", "\\ud800\\u0000")
    assert (row["latency_s"], row["saved_usd"], log.lost) == (0.0, None, 0)
    assert json.loads(row["tags"]) == {"a\\ud800": "\\u0000"}


def test_redaction_is_linear_in_what_people_send() -> None:
    redactor = Redactor()
    for hostile in ("1" * 200_000, "a@" * 100_000, "a." * 100_000 + "@", "AB12 " * 40_000, "1-" * 100_000):
        assert redactor.impersonal(hostile) is not None


def test_all_rows_of_many_threads_and_loops_arrive(log: Log, path: Path) -> None:
    async def some(name: str) -> None:
        for number in range(50):
            log.write(*decided(f"{name}-{number}", "0.9"))
            await asyncio.sleep(0)

    threads = [threading.Thread(target=lambda name=name: asyncio.run(some(name))) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    assert len({row["request_id"] for row in rows(path, "decisions")}) == 200
    assert (log.lost, log.backlog) == (0, 0)


def test_closing_commits_what_waits(path: Path) -> None:
    with open_log(path) as log:
        log.write(*decided("r-1", "0.9"))
    assert len(rows(path, "decisions")) == 1


def test_a_log_that_nobody_closes_is_written_at_the_end_of_the_program(path: Path) -> None:
    program = (
        "import sys; from cascade.log import open_log; from tests.cascade.log.decisions import decided\n"
        "log = open_log(sys.argv[1]); log.write(*decided('r-1', '0.9'))"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path)], check=True)
    assert len(rows(path, "decisions")) == 1


def test_a_forgotten_log_is_collected(path: Path) -> None:
    open_log(path).write(*decided("r-1", "0.9"))
    gc.collect()
    assert len(rows(path, "decisions")) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "cascade-log"]


def write_in_child(log: Log) -> None:
    log.write(*decided("child", "0.9"))
    log.flush()
    os._exit(0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_its_own_rows_and_no_others(log: Log, path: Path) -> None:
    log.write(*decided("before", "0.9"))
    child = multiprocessing.get_context("fork").Process(target=write_in_child, args=(log,))
    child.start()
    child.join()
    log.write(*decided("after", "0.9"))
    log.flush()
    assert sorted(row["request_id"] for row in rows(path, "decisions")) == ["after", "before", "child"]


def test_the_same_decision_twice_is_one_row(log: Log, path: Path) -> None:
    for _ in range(2):
        log.write(*decided("r-1", "0.2", "0.9"))
        log.flush()
    assert [len(rows(path, table)) for table in ("decisions", "attempts", "verdicts")] == [1, 2, 2]


def test_another_process_that_holds_the_lock_delays_rows_but_loses_none(log: Log, path: Path) -> None:
    log.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        log.write(*decided("r-1", "0.9"))
        assert rows(path, "decisions") == []
        other.execute("COMMIT")
    log.flush()
    assert len(rows(path, "decisions")) == 1


def test_a_log_deleted_while_open_goes_on_in_a_new_file_and_counts_what_went(log: Log, path: Path) -> None:
    log.write(*decided("r-1", "0.9"))
    log.flush()
    for file in path.parent.iterdir():
        file.unlink()
    log.write(*decided("r-2", "0.9"))
    log.flush()
    assert [row["request_id"] for row in rows(path, "decisions")] == ["r-2"]
    assert log.lost == 1
    assert "deleted or replaced" in log.warnings[0]
    log.write(*decided("r-3", "0.9"))
    log.flush()
    assert [row["n"] for row in rows(path, "losses")] == [1]


def test_while_the_database_refuses_rows_wait_and_are_written_once_it_recovers(path: Path) -> None:
    with open_log(path, capacity=3) as log:
        log.write(*decided("r-0", "0.9"))
        log.flush()
        path.rename(path.with_suffix(".away"))
        path.mkdir()  # nothing can be opened where the file was
        for number in range(1, 6):
            log.write(*decided(f"r-{number}", "0.9"))
        with pytest.raises(LogUnavailable, match="cannot be written"):
            log.flush()
        path.rmdir()
        path.with_suffix(".away").rename(path)
        log.flush()
        assert [row["request_id"] for row in rows(path, "decisions")][-1] == "r-5"
        assert len(rows(path, "decisions")) + log.lost == 6 + 1  # r-0 was counted when the file was away


def test_what_cannot_be_written_before_closing_is_counted(path: Path) -> None:
    log = open_log(path)
    path.unlink()
    path.mkdir()
    log.write(*decided("r-1", "0.9"))
    log.close()
    assert log.lost == 1
    log.write(*decided("r-2", "0.9"))
    assert log.lost == 2


def test_a_result_that_cannot_be_made_into_rows_is_counted_and_never_raised(log: Log) -> None:
    result, request = decided("r-1", "0.9")
    log.write(replace(result, tags=None), request)  # type: ignore[arg-type]
    assert log.lost == 1
    assert "could not be made into rows" in log.warnings[0]


def test_a_row_that_the_tables_refuse_takes_no_other_with_it(log: Log, path: Path) -> None:
    result, request = decided("odd", "0.9")
    log.write(*decided("r-1", "0.9"))
    log.write(replace(result, outcome=None), request)  # type: ignore[arg-type]
    log.write(*decided("r-2", "0.9"))
    log.flush()
    assert [row["request_id"] for row in rows(path, "decisions")] == ["r-1", "r-2"]
    assert log.lost == 1


def test_entries_that_come_faster_than_the_disk_wait_for_room(path: Path) -> None:
    result, request = decided("r-1", "0.9")
    with open_log(path, capacity=20) as log:
        for number in range(2_000):
            log.write(replace(result, decision_id=f"d-{number}"), request)
    assert (len(rows(path, "decisions")), log.lost) == (2_000, 0)


def test_a_new_log_is_readable_by_its_owner_alone(log: Log, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_says_what_it_is(log: Log, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x43534344,)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("content", [b"no database, whatever its name says" * 50, b"SQLite format 3\0" + b"x" * 200])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LogUnavailable, match="cannot be opened"):
        open_log(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(LogUnavailable, match="no decision log"):
        open_log(path)


def test_a_log_of_a_later_release_is_refused(log: Log, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(LogUnavailable, match="later release"):
        open_log(path)


def test_reading_needs_a_log_and_changes_nothing(log: Log, path: Path, tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="no decision log at"):
        open_log(tmp_path / "none.db", read_only=True)
    assert not (tmp_path / "none.db").exists()
    log.write(*decided("r-1", "0.9"))
    log.flush()
    with open_log(path, read_only=True) as reader, reader.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1
        log.write(*decided("r-2", "0.9"))
        log.flush()
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1, "one unchanging state"
    with pytest.raises(LogUnavailable, match="reading only"), open_log(path, read_only=True) as reader:
        reader.remember_policy(POLICY)


def test_a_closed_log_can_be_read_again(path: Path) -> None:
    with open_log(f"sqlite:///{path}") as log:
        log.write(*decided("r-1", "0.9"))
    with open_log(path, read_only=True) as log, log.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1


@pytest.mark.parametrize(("where", "problem"), [("postgresql://host/db", "SQLite"), ("", "no file"), (".", "no file")])
def test_a_place_that_is_no_file_is_a_configuration_error(where: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        open_log(where)


def test_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="cannot be opened: No such file or directory"):
        open_log(tmp_path / "missing" / "decisions.db")


def test_labels_find_a_decision_by_its_id_or_by_the_last_of_its_request(log: Log, path: Path) -> None:
    result, request = decided("r-1", "0.9")
    log.write(result, request)
    log.write(replace(result, decision_id="d-2"), request)
    log.label("d-r-1", 1.0)
    log.label("r-1", 0.5, source="judge:x")
    log.label("r-1", 0.25, rung="large", source="judge:x")
    log.label("d-r-1", False)
    found = {(row["decision_id"], row["rung"], row["source"]): row["correct"] for row in rows(path, "labels")}
    assert found == {("d-r-1", "", "human"): 0.0, ("d-2", "", "judge:x"): 0.5, ("d-2", "large", "judge:x"): 0.25}


@pytest.mark.parametrize("correct", [1.5, -0.1, float("nan"), "yes", None])
def test_a_label_must_be_a_number_from_0_to_1(log: Log, correct: Any) -> None:
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        log.label("r-1", correct)


def test_a_label_for_what_was_never_logged_is_refused_and_none_of_its_batch_is_taken(log: Log, path: Path) -> None:
    log.write(*decided("r-1", "0.9"))
    with pytest.raises(DataError, match="no decision or request 'r-2'"):
        log.labels([("r-1", 1.0), ("r-2", 1.0)])
    assert rows(path, "labels") == []


def test_a_policy_is_remembered_once(log: Log, path: Path) -> None:
    log.remember_policy(POLICY)
    log.remember_policy(POLICY)
    log.flush()
    (row,) = rows(path, "policies")
    assert row["sha256"] == POLICY.sha256
    assert json.loads(row["tasks"])["default"]["rungs"] == ["small", "large"]


def test_opening_a_log_is_what_loads_sqlalchemy() -> None:
    program = "import sys, cascade.log; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
