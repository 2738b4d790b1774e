"""Progress of long works, where stderr is no terminal."""

from __future__ import annotations

import pytest

from cascade.cli.shared.progress import MANY, progress, summed


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
