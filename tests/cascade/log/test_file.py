"""The SQLite file behind a decision log: made, checked, deleted, locked, refused."""

from __future__ import annotations

import gc
import json
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.clients.scripted import scripted
from cascade.errors import LogUnavailable
from cascade.exchange import Request
from cascade.log import Log, open_log
from cascade.log.sqlite import WAL_RESET_BUG
from cascade.log.tables import SCHEMA_VERSION
from tests.cascade.log.decisions import POLICY, decided
from tests.cascade.log.reading import rows
from tests.checkout import ROOT


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


def test_another_process_that_holds_the_lock_delays_rows_but_loses_none(file: Log, path: Path) -> None:
    file.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        file.write(*decided("r-1", "0.9"))
        assert rows(path, "decisions") == []
        other.execute("COMMIT")
    file.flush()
    assert len(rows(path, "decisions")) == 1


def test_a_log_deleted_while_open_goes_on_in_a_new_file_and_counts_what_went(file: Log, path: Path) -> None:
    file.write(*decided("r-1", "0.9"))
    file.flush()
    for found in path.parent.iterdir():
        found.unlink()
    file.write(*decided("r-2", "0.9"))
    file.flush()
    assert [row["request_id"] for row in rows(path, "decisions")] == ["r-2"]
    assert file.lost == 1
    assert "deleted or replaced" in file.warnings[0]
    file.write(*decided("r-3", "0.9"))
    file.flush()
    assert [row["n"] for row in rows(path, "losses")] == [1]


def test_while_the_database_refuses_rows_wait_and_are_written_once_it_recovers(path: Path) -> None:
    path.with_name("folder").mkdir()
    point(path, at="real.db")
    with open_log(path, capacity=3) as log:
        log.write(*decided("r-0", "0.9"))
        log.flush()
        point(path, at="folder")  # nothing can be opened where the file was
        for number in range(1, 6):
            log.write(*decided(f"r-{number}", "0.9"))
        with pytest.raises(LogUnavailable, match="cannot be written"):
            log.flush()
        point(path, at="real.db")
        log.flush()
        assert [row["request_id"] for row in rows(path, "decisions", "sequence")] == ["r-0", "r-3", "r-4", "r-5"]
        assert log.lost == 2 + 1  # r-0 was counted when the file was away


def point(path: Path, *, at: str) -> None:
    """Make a path a link, all at once."""
    new = path.with_suffix(".new")
    new.symlink_to(path.with_name(at))
    new.replace(path)


def test_what_cannot_be_written_before_closing_is_counted(path: Path) -> None:
    log = open_log(path)
    path.unlink()
    path.mkdir()
    log.write(*decided("r-1", "0.9"))
    log.close()
    assert log.lost == 1
    log.write(*decided("r-2", "0.9"))
    assert log.lost == 2


def test_a_new_log_is_readable_by_its_owner_alone(file: Log, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_says_what_it_is(file: Log, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x43534344,)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
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
    with pytest.raises(LogUnavailable, match="not a decision log"):
        open_log(path)


def test_a_log_of_a_later_release_is_refused(file: Log, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(LogUnavailable, match="later release"):
        open_log(path)


def test_reading_needs_a_log_and_changes_nothing(file: Log, path: Path, tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="no decision log at"):
        open_log(tmp_path / "none.db", read_only=True)
    assert not (tmp_path / "none.db").exists()
    file.write(*decided("r-1", "0.9"))
    file.flush()
    with open_log(path, read_only=True) as reader, reader.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1
        file.write(*decided("r-2", "0.9"))
        file.flush()
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1, "one unchanging state"
    with pytest.raises(LogUnavailable, match="reading only"), open_log(path, read_only=True) as reader:
        reader.remember_policy(POLICY)


def test_a_closed_log_can_be_read_again(path: Path) -> None:
    with open_log(f"sqlite:///{path}") as log:
        log.write(*decided("r-1", "0.9"))
    with open_log(path, read_only=True) as log, log.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1


def test_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="cannot be opened: No such file or directory"):
        open_log(tmp_path / "missing" / "decisions.db")


def test_entries_that_come_faster_than_the_disk_wait_for_room(path: Path) -> None:
    result, request = decided("r-1", "0.9")
    with open_log(path, capacity=20) as log:
        for number in range(2_000):
            log.write(replace(result, decision_id=f"d-{number}"), request)
    assert (len(rows(path, "decisions")), log.lost) == (2_000, 0)


def test_several_writing_processes_are_warned_of_a_sqlite_that_may_damage_the_file(file: Log, path: Path) -> None:
    for name in ("a", "b"):
        file.write(*decided(f"r-{name}", "0.9"))
        file.flush()
        assert file.warnings == ()
    program = (
        "import sys; from cascade.log import open_log; from tests.cascade.log.decisions import decided\n"
        "with open_log(sys.argv[1]) as log: log.write(*decided('other', '0.9'))"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    for name in ("c", "d"):
        file.write(*decided(f"r-{name}", "0.9"))
        file.flush()
    concerned = WAL_RESET_BUG[0] <= sqlite3.sqlite_version_info <= WAL_RESET_BUG[1]
    assert [("WAL-reset" in warning) for warning in file.warnings] == [True] * concerned


def test_a_log_deleted_while_nothing_is_written_is_noticed_too(file: Log, path: Path) -> None:
    file.write(*decided("r-1", "0.9"))
    file.flush()
    path.unlink()
    file._database.tend()
    assert file.lost == 1
    assert "deleted or replaced" in file.warnings[0]


def test_what_must_survive_a_power_loss_waits_for_the_disk(file: Log, path: Path) -> None:
    found = []
    for durable in (False, True, False):
        file.durable = durable
        file.write(*decided(f"r-{len(found)}", "0.9"))
        file.flush()
        found.append(file._database._writing.exec_driver_sql("PRAGMA synchronous").scalar_one())
        file._database._writing.rollback()
    assert found == [1, 2, 1], "NORMAL, FULL, NORMAL"


def test_a_child_that_is_forked_in_the_midst_of_a_transaction_can_write(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cascade.log.fork_program", str(tmp_path / "d.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(row["reason"] for row in rows(tmp_path / "d.db", "losses")) == ["in the child", "in the parent"]
