"""L15: the HTML report of a long log fits into memory and into one small file."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.made_log import fill, repeat
from benchmarks.report_scale import HTML
from cascade.log import open_log

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


# The second size is a million rows and more of decisions, attempts and verdicts.
@pytest.mark.parametrize(("decisions", "times"), [(1_500, 1), (5_000, 40)])
def test_the_report_of_a_long_log_stays_small(tmp_path: Path, decisions: int, times: int) -> None:
    path, page = tmp_path / "decisions.db", tmp_path / "report.html"
    with open_log(path) as log:
        fill(log, decisions=decisions)
    repeat(path, times)
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(
        [sys.executable, "-c", HTML, str(path), str(page)], capture_output=True, text=True, check=True
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    rss_mb, size_mb = int(told.stdout.split()[-1]), page.stat().st_size / 1e6
    print(
        f"L15: {decisions * times:,} decisions: {wall:.1f} s, {cpu:.1f} s of CPU, {rss_mb} MB (V8 draws in a process "
        f"of its own), a file of {size_mb:.2f} MB"
    )
    assert rss_mb <= 300
    assert size_mb <= 2.0
