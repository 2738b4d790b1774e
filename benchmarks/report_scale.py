"""Report and dashboard over a long log: time, memory, file size (L15).

python -m benchmarks.report_scale decisions.db       a log as benchmarks.made_log makes it, --decisions 5000 --times 200
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HTML = """
import resource, sys, time
sys.argv = ["cascade", "report", sys.argv[1], "--html", sys.argv[2]]
from cascade.cli import main
try:
    main()
except SystemExit:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

LIVE = """
import resource, sys, time
from cascade.log import open_log
from cascade.report.page.log_page import log_document
from cascade.report.page.rendering import to_live_html
from cascade.report.queries.rollup import DAY_MS, Rollup

def spent(work):
    began, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - began, time.process_time() - cpu

def say(what, wall, cpu):
    print(f"| {what} | {wall:.1f} s | {cpu:.1f} s |")

def rest():
    while not rollup.refresh(5.0):
        pass

with open_log(sys.argv[1], read_only=True) as log:
    rollup = Rollup(log)
    _, wall, cpu = spent(lambda: rollup.refresh(0.0))
    say("dashboard: until the newest hour is counted", wall, cpu)
    newest = max(span[1] for _, span in rollup._parts)
    def week():
        while (rollup.counted_from_ms or 0) > newest - 7 * DAY_MS:
            rollup.refresh(0.5)
    _, wall, cpu = spent(week)
    say("until the last seven days are counted", wall, cpu)
    report, wall, cpu = spent(lambda: rollup.report(since_ms=newest - 7 * DAY_MS))
    say("report of the last seven days", wall, cpu)
    _, wall, cpu = spent(rest)
    say("until all is counted (in the background)", wall, cpu)
    report, wall, cpu = spent(lambda: rollup.report())
    say(f"report of all {report.total.n:,} decisions from the rollup", wall, cpu)
    _, wall, cpu = spent(lambda: to_live_html(log_document(report, drawn=True), above="", script="app.js"))
    say("its page", wall, cpu)
    _, wall, cpu = spent(lambda: rollup.refresh())
    say("a look at the log where nothing came", wall, cpu)
    print(f"| memory of the process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB | |")
"""


def main() -> None:
    """Measure, each in a process of its own, and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("log", type=Path)
    log = parser.parse_args().log
    print("| figure | wall | CPU |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        told = subprocess.run(
            [sys.executable, "-c", HTML, str(log), str(page)], capture_output=True, text=True, check=True
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        print(f"| cascade report --html | {wall:.1f} s | {cpu:.1f} s |")
        print(f"| its memory (V8 draws in a process of its own) | {told.stdout.split()[-1]} MB | |")
        print(f"| its file | {page.stat().st_size / 1e6:.2f} MB | |")
    told = subprocess.run([sys.executable, "-c", LIVE, str(log)], capture_output=True, text=True, check=True)
    print(told.stdout, end="")


if __name__ == "__main__":
    main()
