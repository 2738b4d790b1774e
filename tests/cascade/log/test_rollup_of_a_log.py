"""A report and a rollup say the same of a log, on SQLite and on PostgreSQL."""

from __future__ import annotations

from benchmarks.made_log import fill
from cascade.log import open_log
from cascade.report import report
from cascade.report.queries.rollup import Rollup


def test_report_and_rollup_agree_on_postgresql(postgresql: str) -> None:
    with open_log(postgresql) as log:
        fill(log, decisions=200, days=5, labelled=0.5)
        rollup = Rollup(log)
        while not rollup.refresh():
            pass
        rolled, made = rollup.report(), report(log)
        assert (rolled.total.n, made.total.n) == (200, 200)
        for name, task in made.tasks.items():
            assert rolled.tasks[name].escalation_rate == task.escalation_rate
            assert rolled.tasks[name].cases.keys() == task.cases.keys()
            assert [one.figure for one in rolled.tasks[name].slices] == [one.figure for one in task.slices]
        assert made.tasks["invoices"].sweep is not None
