"""Request path: files entered, functions called, and steps between files, of one request of two rungs.

    python -m benchmarks.request_path

The client is scripted, so nothing but our own code is counted; the log is on. The first requests warm up caches.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import cascade
from cascade import Cascade, Ladder, Rung, ScriptedClient

ROOT = Path(cascade.__file__).parent.parent
OURS = tuple(str(ROOT / name) + "/" for name in ("cascade", "verifiers", "calibration"))


class Trace:
    """Counts what our own code does while it is on."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self._last: dict[int, str] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Count a call of a function of ours, and whether it is in another file than the one before."""
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(OURS):
            return
        thread = threading.get_ident()
        self.calls[file] += 1
        if self._last.get(thread, file) != file:
            self.steps[file] += 1
        self._last[thread] = file


def main() -> None:
    """Run one request of two rungs under the trace, and print the table."""
    warnings.simplefilter("ignore")
    ladder = Ladder(Rung("test/small", name="small"), Rung("test/large", name="large"))
    client = ScriptedClient({"small": "I am not sure, but maybe it is Lyon.", "large": "It is Paris."})
    trace = Trace()
    with (
        tempfile.TemporaryDirectory() as folder,
        Cascade(ladder, client=client, verify=["refusal", "hedging"], log=Path(folder) / "log.db") as app,
    ):
        threading.setprofile(trace)  # before the loop's and the log's threads begin
        for i in range(20):
            app.run(f"question {i}")
        if app.log is not None:
            app.log.flush()
        trace.calls.clear()
        trace.steps.clear()
        sys.setprofile(trace)
        result = app.run("Where to?")
        sys.setprofile(None)
        if app.log is not None:
            app.log.flush()
    assert [attempt.rung for attempt in result.attempts] == ["small", "large"]
    total = sum(trace.calls.values())
    print(f"files entered {len(trace.calls)}, calls {total}, steps between files {sum(trace.steps.values())}")
    folders: Counter[str] = Counter()
    for file, count in trace.calls.items():
        folders[str(Path(file).parent.relative_to(ROOT))] += count
    for name, count in folders.most_common():
        print(f"  {name:24} {count:5}  {100 * count / total:3.0f} %")


if __name__ == "__main__":
    main()
