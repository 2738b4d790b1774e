"""A simulated month: what the report's lines say, and when, of quiet months and of months in which something changes.

    python -m benchmarks.month [--quiet 200] [--months 40]

Every month has a policy of its own, from 300 rows: its threshold escalates a quarter of them, and its confidences and
disagreement are theirs; at most 10 % answered otherwise is certified (months whose 300 rows do not show it are drawn
again). 400 requests a day, one in ten watched. Rows of the log are copies of a few decisions that were really made,
with drawn confidences and answers; the report is the real one. Prints the tables of RESULTS/truth.md.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.log import open_log
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.policy import Policy
from cascade.report import report
from cascade.report.values.content import Report
from cascade.settings import ObserveLimits
from tests.opinions import ladder, policy

DAYS, PER_DAY, WATCHED, SAMPLES, BOUND = 30, 400, 0.1, 300, 0.1
START_MS, DAY_MS = 1_798_761_600_000, 86_400_000
RUNGS = ladder("small", "large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One kind of month, by day (30)."""

    shift: np.ndarray[Any, np.dtype[np.float64]]
    """Shift of the confidences, in standard deviations."""
    worse: np.ndarray[Any, np.dtype[np.float64]]
    """What is added to the probability that an accepted answer is another than the reference's."""


def courses() -> dict[str, Course]:
    """Return the kinds of months."""
    day, none = np.arange(DAYS), np.zeros(DAYS)
    model, prompt = (day >= 12).astype(float), (day >= 20).astype(float)
    slow = np.clip((day - 4) / (DAYS - 5), 0.0, 1.0) * 0.10
    return {
        "quiet": Course(shift=none, worse=none),
        "another model from day 12: half a deviation less sure, 15 points more differ": Course(
            shift=-0.5 * model, worse=0.15 * model
        ),
        "another prompt from day 20: half a deviation surer, 15 points more differ": Course(
            shift=0.5 * prompt, worse=0.15 * prompt
        ),
        "both": Course(shift=-0.5 * model + prompt, worse=0.15 * model + 0.05 * prompt),
        "a slow loss: 10 points by day 30, as sure as ever": Course(shift=none, worse=slow),
    }


def drawn(rng: np.random.Generator, shift: Any, worse: Any, n: int) -> tuple[Any, Any]:
    """Return n confidences, and whether each answer is another than the reference's."""
    sure = rng.normal(size=n)
    differs = rng.random(n) < np.minimum(1.0 / (1.0 + np.exp(2.2 + 1.2 * sure)) + worse, 1.0)
    return 1.0 / (1.0 + np.exp(-(sure + shift))), differs


def fitted(rng: np.random.Generator, seed: int) -> Policy:
    """Return a policy of 300 rows, certified on them."""
    while True:
        confidence, differs = drawn(rng, 0.0, 0.0, SAMPLES)
        threshold = float(np.sort(confidence)[SAMPLES // 4])
        wrong = int((differs & (confidence >= threshold)).sum())
        if beta.ppf(0.9, wrong + 1, SAMPLES - wrong) <= BOUND:
            break
    k = SAMPLES // 4
    low, high = (float(beta.ppf(q, k, SAMPLES + 1 - k)) for q in (0.05, 0.95))
    measured = {
        "points": [{"rungs": ["small", "large"]}], "escalation_rate": {"expected": 0.25, "low": low, "high": high},
        "disagreement": {"value": wrong / SAMPLES, "n": SAMPLES},
    }  # fmt: skip
    certificate = {"certified": True, "delta": 0.1, "assumptions": [],
                   "bound": {"kind": "max_disagreement", "value": BOUND, "confidence": 0.9}}  # fmt: skip
    bare = policy(RUNGS, (threshold, 0.0))
    task = replace(
        bare.tasks["default"], certified=True, certificate=certificate, measured=measured,
        confidences=ConfidenceSample.of("small", confidence.tolist(), n=SAMPLES),
    )  # fmt: skip
    return replace(bare, tasks={"default": task}, seed=seed)


class Month:
    """One month's log."""

    def __init__(self, path: Path, course: Course, seed: int) -> None:
        """Make the log: an accepted and an escalated request by the cascade itself, and a month of copies of them."""
        rng = np.random.default_rng(seed)
        self.policy = fitted(rng, seed)
        self.path = path
        threshold = self.policy.tasks["default"].points[0].thresholds[0].t
        client = ScriptedClient({"small": lambda call: str(call.messages[0]["content"]), "large": "1"})
        with Cascade(RUNGS, client=client, policy=self.policy, log=path, observe=ObserveLimits(watch=1.0)) as app:
            app.run("0.9999", id="kept")
            app.run("0.0001", id="sent")
        days = np.repeat(np.arange(DAYS), PER_DAY)
        confidence, differs = drawn(rng, course.shift[days], course.worse[days], len(days))
        watched = rng.random(len(days)) < WATCHED
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            made = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in TABLES}
            ids = {row["request_id"]: row["decision_id"] for row in made["decisions"]}
            for name in (*TABLES, "calls", "verdicts"):
                connection.execute(f"DELETE FROM {name}")
            at_ms = START_MS + ((np.arange(len(days)) + 0.5) * DAY_MS / PER_DAY).astype(int)
            kept = confidence >= threshold
            every = np.ones(len(days), dtype=bool)
            for name in TABLES:
                for row in made[name]:
                    served = row["decision_id"] == ids["kept"]
                    columns = [one for one in row if one != "sequence"]
                    values = [row[one] for one in columns]
                    drawn_columns = ("decision_id", "at_ms", "request_id", "same", "confidence")
                    place = {one: columns.index(one) for one in drawn_columns if one in columns}
                    copies = []
                    for number in np.flatnonzero((watched if name == "watched" else every) & (kept == served)).tolist():
                        own = values.copy()
                        own[place["decision_id"]] = f"d{number}"
                        if "at_ms" in place:
                            own[place["at_ms"]] = int(at_ms[number])
                        if "request_id" in place:
                            own[place["request_id"]] = f"r{number}"
                        if name == "attempts" and row["position"] == 0:
                            own[place["confidence"]] = float(confidence[number])
                        if name == "watched" and served:
                            own[place["same"]] = int(not differs[number])
                        copies.append(own)
                    named = ", ".join(f'"{one}"' for one in columns)
                    marks = ", ".join("?" * len(columns))
                    connection.executemany(f"INSERT INTO {name} ({named}) VALUES ({marks})", copies)
            connection.commit()

    def report(self, until_day: int = DAYS) -> Report:
        """Return the report of the month up to the end of a day."""
        until = datetime.fromtimestamp((START_MS + until_day * DAY_MS) / 1000, tz=UTC)
        with open_log(self.path, read_only=True) as log:
            return report(log, until=until)


TABLES = ("decisions", "attempts", "watched")
LINES = ("confidences", "sameness", "escalation rate", "a day marked", "refuted", "holds")


def said(made: Report) -> dict[str, float]:
    """Return the day on which each line first said so, of a whole month's report; a line that did not is missing."""
    task = made.tasks["default"]
    use = task.policies[0]
    assert use.drift is not None
    assert use.watch is not None
    found: dict[str, float] = {}
    for stream in use.drift.streams:
        if stream.alarm_at is not None:
            found[stream.name] = (datetime.fromisoformat(stream.alarm_at).timestamp() * 1000 - START_MS) / DAY_MS
    marked = [step.at for step in task.series if step.alarm]
    if marked:
        found["a day marked"] = (datetime.fromisoformat(marked[0]).timestamp() * 1000 - START_MS) / DAY_MS
    if use.watch.refuted_after is not None:
        found["refuted"] = use.watch.refuted_after / (PER_DAY * WATCHED)
    if use.watch.state == "holds":
        found["holds"] = DAYS
    return found


def told(month: Month) -> Iterator[tuple[int, str]]:
    """Yield the first lines of the reports of each day, where they change."""
    before: Counter[str] = Counter()
    for day in range(1, DAYS + 1):
        made = month.report(day)
        now = Counter(part.strip() for part in made.line.text.rstrip(".").replace(";", ",").split(","))
        new = [part for part in now if part not in before and not any(ch.isdigit() for ch in part)]
        before |= now
        if new:
            yield day - 1, ", ".join(new)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", type=int, default=200)
    parser.add_argument("--months", type=int, default=40)
    given = parser.parse_args()
    print(f"| month | months | {' | '.join(LINES)} |\n|{'---|' * (2 + len(LINES))}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.db"
        for name, course in courses().items():
            many = given.quiet if name == "quiet" else given.months
            found: list[dict[str, float]] = []
            for seed in range(many):
                found.append(said(Month(path, course, seed).report()))
                path.unlink()
                if len(found) % 25 == 0 and len(found) < many:
                    print(
                        f"{name}, {len(found)} months: {Counter(line for one in found for line in one)}",
                        file=sys.stderr,
                    )
            cells = []
            for line in LINES:
                days = [one[line] for one in found if line in one]
                when = f" (day {np.median(days):.1f})" if days and line != "holds" else ""
                cells.append(f"{len(days) / many:.1%}{when}")
            print(f"| {name} | {many} | {' | '.join(cells)} |", flush=True)
        for name in list(courses())[1:]:
            print(f"\n{name}:", flush=True)
            for day, text in told(Month(path, courses()[name], 1)):
                print(f"- day {day}: {text}", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
