"""A rollup says what a report says, counts only what changed, and notices what came late, was labelled or is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cascade.log import Log, open_log
from cascade.log.purge import purge
from cascade.report import report
from cascade.report.queries.rollup import DAY_MS, HOUR_MS, Rollup
from tests.cascade.log.decisions import decided
from tests.cascade.report.test_report import NOON_S, aiming

DAY_S = 86_400


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db", store_text="full") as log:
        yield log


def spread(log: Log, days: int, each: int = 7, start: int = 0, **about: Any) -> None:
    """Log some decisions a day, some of them escalated."""
    for day in range(start, start + days):
        for number in range(each):
            text = ("0.1", "0.9") if (day + number) % 3 == 0 else ("0.6",)
            at_s = NOON_S + day * DAY_S + number * 7000
            log.write(*decided(f"r-{day}-{number}", *text, saved_usd=0.002, **about), at_s=at_s)


def counted(rollup: Rollup) -> Rollup:
    while not rollup.refresh():
        pass
    return rollup


def same(rolled: Any, made: Any) -> bool:
    """Tell whether two reports say the same, sums apart by rounding."""
    if isinstance(made, dict):
        return rolled.keys() == made.keys() and all(same(rolled[key], made[key]) for key in made)
    if isinstance(made, list):
        return len(rolled) == len(made) and all(map(same, rolled, made))
    return rolled == pytest.approx(made) if isinstance(made, float) else rolled == made


def test_it_says_what_a_report_says(log: Log) -> None:
    fitted = aiming(0.25, 0.2, 0.3)
    log.remember_policy(fitted)
    spread(log, 6, fitted=fitted, tags={"team": "a"})
    log.labels([(f"r-{day}-1", day % 2) for day in range(6)])
    rolled, made = counted(Rollup(log)).report().to_json(), report(log).to_json()
    assert rolled.keys() == made.keys()
    assert [
        key
        for key in made["tasks"]["default"]
        if not same(rolled["tasks"]["default"][key], made["tasks"]["default"][key])
    ] == []
    assert same(rolled["total"], made["total"])


def test_new_decisions_are_counted_and_old_days_are_not_counted_again(log: Log) -> None:
    spread(log, 5)
    rollup = counted(Rollup(log))
    kept = dict(rollup._parts)
    spread(log, 1, each=3, start=5)
    counted(rollup)
    assert rollup.report().total.n == 5 * 7 + 3
    untouched = [key for key, tally in kept.items() if rollup._parts.get(key) is tally]
    assert len(untouched) >= 4
    version = rollup.version
    assert rollup.refresh()
    assert rollup.version == version, "nothing came"


def test_a_period_and_a_task_narrow_it_down(log: Log) -> None:
    spread(log, 4)
    log.write(*decided("other", "0.9", task="other"), at_s=NOON_S + 3 * DAY_S)
    rollup = counted(Rollup(log))
    since = (NOON_S + 3 * DAY_S) * 1000 // DAY_MS * DAY_MS
    wanted = report(log, since=datetime.fromtimestamp(since / 1000, tz=UTC))
    assert rollup.report(since_ms=since).total.n == wanted.total.n
    assert rollup.report(task="other").total.n == 1
    assert rollup.tasks == ["default", "other"]
    hour = (NOON_S + 3 * DAY_S) * 1000 // HOUR_MS * HOUR_MS
    steps = rollup.report(since_ms=hour, by_time="hour").tasks["default"].series
    assert len(steps) == 7
    assert all(step.n == 1 for step in steps)


def test_a_label_that_comes_later_is_noticed(log: Log) -> None:
    spread(log, 5)
    rollup = counted(Rollup(log))
    assert rollup.report().tasks["default"].n_labelled == 0
    log.label("r-0-1", 1.0)
    assert counted(rollup).report().tasks["default"].n_labelled == 1


def test_a_decision_of_an_earlier_day_that_comes_late_is_counted(log: Log) -> None:
    spread(log, 5)
    rollup = counted(Rollup(log))
    log.write(*decided("late", "0.9"), at_s=NOON_S)
    assert counted(rollup).report().total.n == 36


def test_what_was_purged_is_no_longer_counted(log: Log) -> None:
    spread(log, 5)
    rollup = counted(Rollup(log))
    purge(log, before_ms=(NOON_S + DAY_S) * 1000)
    assert counted(rollup).report().total.n == report(log).total.n < 35


def test_the_newest_days_are_there_first(log: Log) -> None:
    spread(log, 20)
    rollup = Rollup(log)
    assert not rollup.refresh(budget_s=0.0)
    newest = max(span[1] for _, span in rollup._parts)
    assert newest > (NOON_S + 19 * DAY_S) * 1000
    assert rollup.counted_from_ms is not None
    assert rollup.counted_from_ms < newest
    assert counted(rollup).counted_from_ms is None


def test_an_empty_log_is_counted(log: Log) -> None:
    assert counted(Rollup(log)).report().total.n == 0
