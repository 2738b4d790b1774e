"""Report source: `report()` builds a report from a decision log."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cascade.errors import ConfigError, DataError
from cascade.log import Log
from cascade.policy.policy import Policy
from cascade.policy.unknown_task import UNKNOWN_TASK, did_you_mean
from cascade.report.values.content import ByTime, Report, TaskReport
from cascade.report.values.finding import Finding, grouped, harm, money
from cascade.report.values.findings import findings
from cascade.report.values.line import line_of
from cascade.report.values.summary import summary
from cascade.report.values.tally import Promise, Tally, together

if TYPE_CHECKING:
    from cascade.report.values.tally import Promises

STEP_MS: Mapping[str, int] = {"day": 86_400_000, "hour": 3_600_000}
"""Step widths of a series in milliseconds."""


def report(
    log: Log,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    task: str | None = None,
    by: str | None = None,
    by_time: ByTime = "day",
    policy: Policy | None = None,
    level: float = 0.9,
    label_usd: float | None = None,
) -> Report:
    """Build a report from one snapshot of a decision log.

    Args:
        log: the log; accepted entries are committed first.
        since: start, inclusive, by end of the decision; None for the beginning. Without a time zone it is UTC.
        until: end, exclusive; None for no limit.
        task: only this task.
        by: group by this tag's values, or by principal, session, group, quality, model, rung, outcome or task.
        by_time: step width of the series.
        policy: compare rates with this policy's promises, not with those in the log.
        level: confidence level of every interval, in (0, 1).
        label_usd: cost of one label in US dollars, subtracted from monthly savings; None if labels are only counted.

    Raises:
        ConfigError: `level` or `by_time` is out of range.
        DataError: the log has no decision of `task`.
        LogUnavailable: the log cannot be read.
    """
    # SQLAlchemy is slow to import, and a report can also be built from other tallies.
    from cascade.log.spending import unsettled
    from cascade.report.queries import query
    from cascade.report.queries.scope import Scope
    from cascade.report.queries.segment import segments

    if not 0.0 < level < 1.0:
        raise ConfigError(f"level is {level!r}; a number between 0 and 1 was expected, such as 0.9.")
    if label_usd is not None and not (math.isfinite(label_usd) and label_usd >= 0.0):
        raise ConfigError(f"label_usd is {label_usd!r}; a number of US dollars, 0 or more, was expected.")
    if by_time not in STEP_MS:
        raise ConfigError(f"by_time is {by_time!r}; day or hour was expected.")
    scope = Scope(since_ms=_milliseconds(since), until_ms=_milliseconds(until), task=task)
    with log.reading() as connection:
        known = {**query.promises(connection), **_promises(policy)}
        tallies = query.tallies(connection, scope, known, step_ms=STEP_MS[by_time])
        if task is not None and not tallies and query.tasks(connection):
            names = ", ".join(query.tasks(connection)[:20])
            raise DataError(f"The log {log.name} has no decision of task {task!r} in this period; it has {names}.")
        parts, left_out = segments(connection, scope, by, level) if by is not None else ((), 0)
        lost = max(query.lost(connection, scope), log.lost)
        open_calls = unsettled(connection, since_ms=scope.since_ms, until_ms=scope.until_ms, task=task)
    about = Report(
        source=log.name, since=_iso(since), until=_iso(until), level=level, by_time=by_time, by=by,
        label_usd=label_usd, segments=parts, segments_left_out=left_out, lost=lost,
        ambiguous=open_calls.ambiguous, ambiguous_usd=open_calls.worst_usd,
        implausible=open_calls.implausible,
    )  # fmt: skip
    return filled(about, tallies, known)


def filled(about: Report, tallies: Mapping[str, Tally], known: Promises) -> Report:
    """Complete a report from tallies, independent of their source."""
    step_ms = STEP_MS[about.by_time]
    tasks: dict[str, TaskReport] = {}
    found: list[Finding] = []
    unknown = {name: one for name, one in tallies.items() if one.n and one.flags[UNKNOWN_TASK] == one.n}
    everything = len(unknown) == len(tallies)
    shown = {name: one for name, one in tallies.items() if everything or name not in unknown}
    for name, tally in shown.items():
        promises = {sha256: promise for (sha256, of), promise in known.items() if of == name}
        made = summary(tally, promises, about=about, step_ms=step_ms, single_task=True)
        own = findings(made)
        tasks[name] = replace(
            made,
            findings=tuple(one.text for one in own if one.stake != "note"),
            notes=tuple(one.text for one in own if one.stake == "note"),
        )
        found += [replace(one, task=name) for one in own] if len(shown) > 1 else own
    total = summary(together(tallies.values()), {}, about=about, step_ms=step_ms, single_task=False)
    if len(shown) < len(tallies):
        found.append(
            harm(float(sum(one.n for one in unknown.values())), _unknown(unknown, {name for _, name in known}))
        )
    found += _of_the_log(about)
    said = grouped(one for one in found if one.stake != "note")
    notes = tuple(str(one) for one in found if one.stake == "note")
    if not total.n:
        notes = (*notes, "The log has no decision in this period.")
    line = line_of(total, tasks, said)
    return replace(about, tasks=tasks, total=total, line=line, findings=tuple(map(str, said)), notes=notes)


def _of_the_log(about: Report) -> Iterator[Finding]:
    if about.lost:
        yield harm(
            float(about.lost),
            f"{about.lost:,} decisions could not be logged and are missing from every figure here.",
        )
    if about.ambiguous:
        yield money(
            about.ambiguous_usd,
            f"{about.ambiguous:,} calls are ambiguous: their process was killed while they were in flight; they "
            f"may have cost up to ${about.ambiguous_usd:.4f} more.",
        )
    if about.implausible:
        yield money(
            0.0,
            f"The usage of {about.implausible:,} calls was implausible: what providers reported cannot be true by what "
            "came, so our own figures were booked. The column `usage_source` of the table calls says which.",
        )


def _unknown(tallies: Mapping[str, Tally], known: Iterable[str]) -> str:
    """Return the sentence on tasks that are in no policy: a misspelt name opens no section of its own."""
    most = sorted(tallies, key=lambda name: -tallies[name].n)
    listed = sorted(known)
    named = ", ".join(f"{name} ({tallies[name].n:,}{did_you_mean(name, listed).rstrip('?')})" for name in most[:5])
    more = f" and {len(most) - 5:,} more" if len(most) > 5 else ""
    return (
        f"{sum(one.n for one in tallies.values()):,} decisions are of tasks that neither the policy nor the "
        f"configuration knows: {named}{more}. They are in the total only; `--task NAME` shows one."
    )


def _promises(policy: Policy | None) -> Promises:
    if policy is None:
        return {}
    certified = sum(bool((task.certificate or {}).get("certified")) for task in policy.tasks.values())
    return {
        (policy.sha256, name): Promise(
            reference=task.reference,
            rungs=policy.ladder.rungs,
            target=task.target,
            measured=task.measured,
            certificate=task.certificate or {},
            error_usd=0.0 if task.reference_cost is None else task.reference_cost.error_usd,
            confidences={} if task.confidences is None else asdict(task.confidences),
            tasks=max(certified, 1),
        )
        for name, task in policy.tasks.items()
    }


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(_aware(moment).timestamp() * 1000)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else _aware(moment).isoformat()


def iso(at_ms: int) -> str:
    """Return Unix milliseconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat()
