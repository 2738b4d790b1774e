"""Start-up time: `import cascade` and `cascade --help`, as lines of a Markdown table.

Run it as `python -m benchmarks.startup`. The best of several runs is shown beside the median: on a shared machine the
median shows the load of the machine, the best the code.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import cascade": [sys.executable, "-c", "import cascade"],
    "import verifiers": [sys.executable, "-c", "import verifiers"],
    "import calibration": [sys.executable, "-c", "import calibration"],
    "cascade --help": [str(Path(sys.executable).with_name("cascade")), "--help"],
}


def measure(command: list[str]) -> list[float]:
    """Give the wall time in seconds of each run, after one that warms the file cache."""
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return times[1:]


def main() -> None:
    """Print the table."""
    print("| start | best | median |\n|---|---|---|")
    for name, command in COMMANDS.items():
        times = measure(command)
        print(f"| {name} | {min(times) * 1e3:.0f} ms | {statistics.median(times) * 1e3:.0f} ms |")


if __name__ == "__main__":
    main()
