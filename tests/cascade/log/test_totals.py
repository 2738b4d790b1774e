"""Totals of a log are the same on either database, whatever the refreshes between."""

from __future__ import annotations

from cascade.log import Log
from cascade.serve.log_totals import LogTotals
from cascade.serve.totals import Totals
from tests.cascade.log.decisions import decided


def plain(totals: Totals) -> dict[str, object]:
    """Return what was counted."""
    buckets = {**totals.latency, **totals.scores}
    return {
        "decisions": dict(totals.decisions),
        "escalations": dict(totals.escalations),
        "verdicts": dict(totals.verdicts),
        "tokens": dict(totals.tokens),
        "usd": {key: round(usd, 9) for key, usd in totals.usd.items()},
        "buckets": {key: (held.counts, round(held.total, 6)) for key, held in buckets.items()},
        "recent": {task: list(course.recent) for task, course in totals.courses.items()},
    }


def test_totals_are_those_of_the_results(log: Log) -> None:
    ours, held = Totals(), LogTotals(log)
    for number in range(30):
        result, request = decided(f"r-{number}", *(("0.2", "0.9") if number % 3 == 0 else ("0.9",)), saved_usd=0.001)
        ours.observe(result)
        log.write(result, request)
        if number in (9, 10):
            held.refresh()
    held.refresh()
    assert plain(held.refresh()) == plain(ours), "on PostgreSQL, one refresh later"
    assert plain(LogTotals(log).refresh()) == plain(ours)
