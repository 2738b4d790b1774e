"""Progress of long works, where stderr is no terminal."""

from __future__ import annotations

import re

import pytest

from cascade.cli.shared.progress import MANY, Pace, progress, summed


def test_long_work_that_costs_nothing_is_told_in_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Judging", MANY, costs=False) as report:
        for done in range(0, MANY + 1, MANY // 20):
            report(done, 0.0)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11
    assert said[-1] == f"Judging: {MANY}/{MANY}"


def test_short_work_that_costs_nothing_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    for total in (MANY - 1, None):
        with progress("Judging", total, costs=False) as report:
            report(50, 0.0)
    assert not capsys.readouterr().err


def test_tasks_in_any_order_move_one_figure() -> None:
    told: list[float] = []
    moved = summed(lambda done, _spent: told.append(done))
    for task, done in (("a", 2), ("b", 1), ("a", 5), ("b", 3)):
        moved(task, done, 9)
    assert told == [2, 3, 6, 8]


def test_work_that_costs_is_told_with_money_time_left_rate_and_escalation(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Running", 100) as report:
        report(20, 0.0)
        report(60, 0.5, 0.25)
        report(100, 1.0, 0.25)
    first, middle, last = capsys.readouterr().err.splitlines()
    assert first == "Running: 20/100, $0 so far", "those of an earlier run say nothing of the rate"
    assert re.fullmatch(r"Running: 60/100, \$0\.50.*, 0 s left, [\d,.e+]+ rows/s, 25.* escalated so far", middle)
    assert re.fullmatch(r"Running: 100/100, \$1.*, [\d,.e+]+ rows/s, 25.* escalated so far", last)


def test_where_the_number_is_not_known_lines_get_rarer(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Running", None) as report:
        for done in range(1000):
            report(done, 0.0)
    said = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1].strip(",")) for line in said] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]


@pytest.mark.parametrize(("now", "expected"), [(0.0, None), (2.0, 10.0)])
def test_the_rate_is_that_since_the_first_report(now: float, expected: float | None) -> None:
    times = iter([0.0, now])
    pace = Pace(clock=lambda: next(times))
    pace.rate(100)
    assert pace.rate(120) == expected
