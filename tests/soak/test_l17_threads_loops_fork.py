"""L17: one cascade for threads, event loops, a running loop and a forked child: nothing is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.server import Server

PROGRAM = Path(__file__).with_name("l17_program.py")


@pytest.mark.parametrize("threads", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_one_cascade_serves_threads_loops_and_a_fork(server: Server, tmp_path: Path, threads: int) -> None:
    log = tmp_path / "log.db"
    command = [sys.executable, "-X", "dev", "-W", "ignore::cascade.settings.UncalibratedWarning", str(PROGRAM)]
    done = subprocess.run(
        [*command, server.url, str(log), str(threads)],
        capture_output=True, text=True, timeout=250, check=False, cwd=PROGRAM.parents[2],
    )  # fmt: skip
    expected = threads * 20 + 8 * 10 + 3 + 1 + 1 + 1
    print(f"L17: {expected} runs from {threads} threads, 11 loops, a running loop and a fork")
    assert done.stdout.split() == [str(expected)] * 2, done.stderr[-2000:]
    for complaint in ("Task was destroyed", "never retrieved", "never awaited", "Traceback", "already awaited"):
        assert complaint not in done.stderr, done.stderr[-2000:]
    assert len(server.hits) == expected
    with closing(sqlite3.connect(log)) as connection:
        assert connection.execute("select count(*) from decisions").fetchone() == (expected,)
