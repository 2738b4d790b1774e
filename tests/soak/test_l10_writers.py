"""L10: eight processes read and then write, two hundred times each: every row is there, and none was refused."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.checkout import ROOT


@pytest.mark.parametrize(("processes", "each"), [(3, 60), pytest.param(8, 200, marks=pytest.mark.slow)])
def test_every_row_of_every_writer_is_there(tmp_path: Path, processes: int, each: int) -> None:
    path = tmp_path / "decisions.db"
    command = [sys.executable, "-m", "tests.soak.l10_writer", str(path)]
    running = [
        subprocess.Popen([*command, f"w{i}", str(each)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
        for i in range(processes)
    ]  # fmt: skip
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    began = time.monotonic()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [json.loads(one.communicate()[0]) for one in running]
    took = time.monotonic() - began
    with closing(sqlite3.connect(path)) as log:
        ((rows,),) = log.execute("SELECT count(*) FROM decisions")
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    longest = max(one["longest_s"] for one in told)
    refused = [warning for one in told for warning in one["warnings"] if "locked" in warning]
    print(
        f"L10: {processes} processes × {each}: {rows:,} of {processes * each:,} rows in {took:.1f} s, "
        f"{len(refused)} times locked, longest stall {longest:.2f} s"
    )
    assert rows == processes * each
    assert refused == []
    assert sum(one["lost"] for one in told) == 0
