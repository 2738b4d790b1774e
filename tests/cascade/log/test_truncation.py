"""A log that was truncated in place: whoever reads or writes it says so, and nothing is written on top."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cascade.errors import LogUnavailable
from cascade.log import open_log
from cascade.log.purge import purge
from cascade.report import report
from tests.cascade.log.decisions import decided
from tests.cascade.log.reading import rows

DECISIONS = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a closed log of several pages."""
    path = tmp_path_factory.mktemp("whole") / "decisions.db"
    with open_log(path) as log:
        for number in range(DECISIONS):
            log.write(*decided(f"r-{number}", "0.9"))
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1))
def test_wherever_it_is_cut_it_is_refused_and_left_as_it_is(whole: Path, tmp_path: Path, cut: int) -> None:
    data = whole.read_bytes()
    path = tmp_path / "decisions.db"
    path.write_bytes(left := data[: len(data) - 1 - cut % len(data)])
    for read_only in (True, False):
        with pytest.raises(LogUnavailable, match=r"(bytes were found, .* expected|it has \d+ bytes, at least 512)"):
            open_log(path, read_only=read_only)
    assert path.read_bytes() == left


@pytest.mark.parametrize("left", [0, 1, 4096, 3 * 4096, 3 * 4096 + 100])
def test_cut_while_it_is_open_nothing_more_is_written_to_it(tmp_path: Path, left: int) -> None:
    path = tmp_path / "decisions.db"
    log = open_log(path)
    for number in range(DECISIONS):
        log.write(*decided(f"r-{number}", "0.9"))
    log.flush()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.write(*decided("one more", "0.9"))
    log.flush()
    os.truncate(path, left)
    log.write(*decided("after it", "0.9"))
    with pytest.raises(LogUnavailable, match=rf"was truncated: {left:,} bytes were found"):
        log.flush()
    with pytest.raises(LogUnavailable, match=r"truncated|damaged"):
        report(log)
    log.close()
    assert log.lost >= 2, "what was committed may be gone, and what came later is"
    assert path.stat().st_size == left
    with pytest.raises(LogUnavailable, match=r"truncated|damaged"):
        open_log(path)


def test_cut_before_it_is_closed_it_is_found_on_closing(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with open_log(path) as log:
        for number in range(DECISIONS):
            log.write(*decided(f"r-{number}", "0.9"))
        log.flush()
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log.write(*decided("one more", "0.9"))
        log.flush()
        os.truncate(path, 8192)
    assert log.lost
    assert "8,192 bytes were found" in " ".join(log.warnings)
    assert path.stat().st_size == 8192


def test_one_that_a_purge_has_compacted_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with open_log(path) as log:
        for number in range(20 * DECISIONS):
            log.write(*decided(f"r-{number}", "0.9"))
        log.flush()
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log.write(*decided("one more", "0.9"))
        log.flush()
        before = path.stat().st_size
        with open_log(path) as other_log:
            purge(other_log, before_ms=2**60)
        log.write(*decided("after it", "0.9"))
        log.flush()
        assert path.stat().st_size < before
        assert [row["request_id"] for row in rows(path, "decisions")] == ["after it"]
    assert log.lost == 0


def test_pages_that_are_in_the_write_ahead_log_only_are_not_missing(tmp_path: Path) -> None:
    path, killed = tmp_path / "decisions.db", tmp_path / "killed.db"
    with open_log(path) as log:
        for number in range(DECISIONS):
            log.write(*decided(f"r-{number}", "0.9"))
        log.flush()
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{killed}{suffix}")  # as a kill leaves it
    assert killed.stat().st_size < path.stat().st_size
    with open_log(killed, read_only=True) as log, log.reading():
        pass
    with open_log(killed) as log:
        log.write(*decided("after it", "0.9"))
    assert len(rows(killed, "decisions")) == DECISIONS + 1


def test_an_empty_file_is_no_log_to_go_on_in(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    for left in (b"", b"S"):
        path.write_bytes(left)
        with pytest.raises(LogUnavailable, match=rf"it has {len(left)} bytes, at least 512 were expected.*remove it"):
            open_log(path)
        assert path.read_bytes() == left


def test_a_new_log_stands_under_its_name_whole_also_where_many_make_it_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from cascade.log import open_log; from tests.cascade.log.decisions import decided\n"
        "with open_log(sys.argv[1]) as log: log.write(*decided(sys.argv[2], '0.9'))"
    )
    path = tmp_path / "decisions.db"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), f"r-{number}"]) for number in range(4)]
    assert [one.wait(60) for one in running] == [0] * 4
    assert len(rows(path, "decisions")) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["decisions.db"]
