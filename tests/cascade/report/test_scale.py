"""A report over a long log needs about as much memory as one over a short log."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cascade.log import open_log
from tests.cascade.log.decisions import decided

# Not `ru_maxrss`: of a process that was forked, it tells at least what its parent had.
PROGRAM = """
import re, sys
from cascade.log import open_log
from cascade.report import report
with open_log(sys.argv[1], read_only=True) as log:
    made = report(log, by="feature")
peak_kb = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]
print(made.total.n, int(peak_kb) // 1024)
"""

GROW = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table} CROSS JOIN (
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times}) SELECT i FROM n)
"""


def grow(path: Path, times: int) -> None:
    """Repeat every row of a log under new ids."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("decisions", "attempts", "verdicts"):
            info = connection.execute(f"PRAGMA table_info({table})")
            names = [row[1] for row in info if row[1] != "sequence"]
            columns = ", ".join(f'"{name}"' for name in names)
            values = columns.replace('"decision_id"', "decision_id || '-' || i")
            connection.execute(GROW.format(table=table, columns=columns, values=values, times=times))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    needed = []
    for times in (10, 2_000):
        path = tmp_path / f"{times}.db"
        with open_log(path) as log:
            for number in range(100):
                answers = ("0.9",) if number % 4 else ("0.1", "0.9")
                log.write(*decided(f"r-{number}", *answers, tags={"feature": "x"}, saved_usd=0.001))
        grow(path, times)
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert int(told[0]) == 100 * (times + 1)
        needed.append(int(told[1]))
    assert needed[1] < needed[0] + 40, needed
    assert needed[1] < 300, needed
