"""Incremental totals of a decision log: each scrape counts only new rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from cascade.log import Log
from cascade.serve.drift_totals import DriftTotals
from cascade.serve.totals import LATENCY_S, SCORES, Totals

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

CHUNK = 20_000
"""Batch size in rows where rows are read one by one."""


class LogTotals:
    """Totals of one log; `refresh` is not thread-safe."""

    def __init__(self, log: Log) -> None:
        self.totals = Totals()
        """The totals of the last refresh."""
        self._log = log
        self._upto = 0
        self._newest: int | None = None
        self._drifts = DriftTotals()

    def refresh(self) -> Totals:
        """Count the new rows, on one snapshot of the log.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        from sqlalchemy import func, select

        from cascade.log.tables import decisions, losses
        from cascade.report.queries.watch_query import watches

        with self._log.reading() as connection:
            last = select(decisions.c.sequence).order_by(decisions.c.sequence.desc()).limit(1)
            newest = self._settled(connection.execute(last).scalar() or 0, connection.dialect.name)
            self._promises(connection)
            if newest > self._upto:
                self._decisions(connection, newest)
                self._attempts(connection, newest)
                self._verdicts(connection, newest)
                self._courses(connection, newest)
                self._drifts.count(connection, self._upto, newest)
                self.totals.drifted = self._drifts.alarms()
            self.totals.watches = watches(connection)
            lost = connection.execute(select(func.coalesce(func.sum(losses.c.n), 0))).scalar_one()
        self.totals.lost = max(int(lost), self._log.lost)
        self._upto = max(newest, self._upto)
        return self.totals

    def _settled(self, newest: int, dialect: str) -> int:
        """Return the newest id below which all rows are committed: PostgreSQL may commit a lower id after a higher one.

        There, each refresh but the first counts up to the newest id of the refresh before.
        """
        before, self._newest = self._newest, newest
        return newest if dialect == "sqlite" or before is None else max(before, self._upto)

    def _promises(self, connection: Connection) -> None:
        from sqlalchemy import select

        from cascade.log.tables import policies

        known = {sha256 for sha256, _ in self.totals.promised}
        for sha256, text in connection.execute(select(policies.c.sha256, policies.c.tasks)):
            if sha256 not in known:
                for task, content in json.loads(text).items():
                    target, measured = content.get("target"), content.get("measured")
                    self.totals.learn(sha256, task, target=target, measured=measured)

    def _new(self, query: Select[Any], table: Any, newest: int) -> Select[Any]:
        """Limit a query to rows of new decisions."""
        from cascade.log.tables import decisions

        if table is not decisions:
            if not self._upto:
                return query  # the whole table, in its own order
            query = query.join(decisions, decisions.c.decision_id == table.c.decision_id)
        return query.where(decisions.c.sequence > self._upto, decisions.c.sequence <= newest)

    def _decisions(self, connection: Connection, newest: int) -> None:
        from sqlalchemy import func, select

        from cascade.log.tables import decisions

        c = decisions.c
        names = ("answers_usd", "verifiers_usd", "maybe_charged_usd", "saved_usd", "maybe_charged_estimate_usd")
        sums = [func.coalesce(func.sum(c[name]), 0.0) for name in names[:-1]]
        # A log of an earlier release has no estimates; there the worst case stands for them.
        sums.append(func.coalesce(func.sum(func.coalesce(c[names[-1]], c.maybe_charged_usd)), 0.0))
        tokens = [func.sum(c.input_tokens), func.sum(c.output_tokens)]
        query = select(c.task, c.outcome, func.count(), func.max(c.at_ms), *tokens, *sums)
        for task, outcome, n, last_ms, read, written, *usd in connection.execute(
            # The tasks with most requests first: these have series of their own.
            self._new(query.group_by(c.task, c.outcome).order_by(func.count().desc(), c.task), decisions, newest)
        ):
            self.totals.decisions[task, outcome] += n
            self.totals.tokens[task, "input"] += int(read)
            self.totals.tokens[task, "output"] += int(written)
            for name, amount in zip(names, usd, strict=True):
                self.totals.usd[task, name.removesuffix("_usd")] += float(amount)
            self.totals.last_ms = max(last_ms, self.totals.last_ms or 0)

    def _attempts(self, connection: Connection, newest: int) -> None:
        from sqlalchemy import func, select

        from cascade.log.tables import attempts

        c = attempts.c
        query = select(c.task, c.rung, c.action, c.reason, c.failure, func.count())
        query = query.group_by(c.task, c.rung, c.action, c.reason, c.failure)
        for task, rung, action, reason, failure, n in connection.execute(self._new(query, attempts, newest)):
            if action == "escalate":
                self.totals.escalations[task, rung, reason] += n
            if failure is not None:
                self.totals.failures[task, rung, failure] += n
        query = select(c.task, c.rung, func.sum(c.latency_s), *_buckets(c.latency_s, LATENCY_S))
        for task, rung, total, *counts in connection.execute(
            self._new(query.group_by(c.task, c.rung), attempts, newest)
        ):
            self.totals.rung_latency(task, rung).add_counts(map(int, counts), float(total))

    def _verdicts(self, connection: Connection, newest: int) -> None:
        from sqlalchemy import case, func, select

        from cascade.log.tables import verdicts

        c = verdicts.c
        kind = case((c.failed, "failed"), (c.veto, "vetoed"), (c.abstained, "abstained"), else_="scored")
        query = select(
            c.task, c.rung, c.verifier, kind.label("kind"), func.count(), func.coalesce(func.sum(c.score), 0.0)
        )
        query = query.add_columns(*_buckets(c.score, SCORES)).group_by(c.task, c.rung, c.verifier, kind)
        for task, rung, verifier, which, n, total, *counts in connection.execute(self._new(query, verdicts, newest)):
            self.totals.verdicts[task, rung, verifier, which] += n
            if any(counts):
                self.totals.verifier_scores(task, rung, verifier).add_counts(map(int, counts), float(total))

    def _courses(self, connection: Connection, newest: int) -> None:
        from sqlalchemy import select

        from cascade.log.tables import decisions

        c = decisions.c
        query = select(c.task, c.policy_sha256, c.escalated).where(c.first_answered).order_by(c.sequence)
        rows = connection.execution_options(yield_per=CHUNK).execute(self._new(query, decisions, newest))
        for part in rows.partitions():
            by_task: dict[str, list[tuple[str | None, bool]]] = {}
            for task, sha256, escalated in part:
                by_task.setdefault(task, []).append((sha256, bool(escalated)))
            for task, steps in by_task.items():
                for sha256, run in groupby(steps, key=lambda step: step[0]):
                    self.totals.course(task, sha256, [escalated for _, escalated in run])


def _buckets(column: Any, bounds: Sequence[float]) -> list[ColumnElement[int]]:
    """Count a column's values by bucket; a value belongs to the first bucket whose bound it does not exceed."""
    from sqlalchemy import case, func

    inside = [column <= bounds[0]]
    inside += [(column > low) & (column <= high) for low, high in pairwise(bounds)]
    inside += [column > bounds[-1]]
    return [func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in inside]
