"""Idempotent insertion of entries into a log's tables, on either database: writing an entry twice has no effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, exc, func
from sqlalchemy.dialects import postgresql, sqlite

from cascade.log.chain import chain, lock
from cascade.log.rows import OUTCOMES, Entry, now_ms
from cascade.log.tables import calls, labels, metadata, policies, watched

Begin = Callable[[Connection], None]
"""Begins the transaction explicitly, where the database needs that."""

_THE_ROWS_FAULT = (exc.StatementError, OverflowError, TypeError, ValueError)


def loss(n: int, reason: str) -> Entry:
    """Return the entry of `n` lost decisions; its id makes the insertion idempotent."""
    row = {"at_ms": now_ms(), "n": n, "reason": reason, "loss_id": os.urandom(16).hex()}
    return Entry(rows={"losses": [row]})


def insert(
    connection: Connection, entries: Sequence[Entry], *, begin: Begin, receipts: bool
) -> Sequence[tuple[Entry, str]]:
    """Commit entries in one transaction; rejected entries are left out and returned, with the reason.

    Raises:
        SQLAlchemyError: the database fails as a whole; nothing was committed.
    """
    try:
        _insert(connection, entries, begin, receipts=receipts)
    except _THE_ROWS_FAULT as error:
        if _the_databases_fault(error):
            raise
    else:
        return ()
    refused = []
    for entry in entries:
        try:
            _insert(connection, [entry], begin, receipts=receipts)
        except _THE_ROWS_FAULT as error:
            if _the_databases_fault(error):
                raise
            refused.append((entry, f"a row was refused ({type(error).__name__})"))
    return refused


def _insert(connection: Connection, entries: Sequence[Entry], begin: Begin, *, receipts: bool) -> None:
    with connection.begin():
        begin(connection)
        if receipts:
            lock(connection)
        by_table = _by_table(entries)
        outcomes = by_table.get(OUTCOMES, [])
        ended = {row["call_id"] for row in outcomes}
        for table in metadata.tables.values():  # none refers to another
            rows = by_table.get(table.name, [])
            if table is calls:
                # A call that has ended already is written once: a row that grows later leaves its page half empty.
                rows = [row for row in rows if row["call_id"] not in ended]
            if rows:
                _put(connection, _insertion, table, rows)
        if outcomes:
            _put(connection, _outcome, calls, outcomes)
        if receipts:
            chain(connection, entries)


def _put(
    connection: Connection, make: Callable[[Connection, Table], Any], table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    """Execute a statement on many rows; on SQLite with cached SQL text, in half of the time."""
    names = tuple(rows[0])
    if connection.dialect.name != "sqlite" or any(tuple(row) != names for row in rows):
        connection.execute(make(connection, table), rows)
        return
    key = (make.__name__, table.name, names)
    if key not in _TEXTS:
        compiled = make(connection, table).compile(dialect=connection.dialect, column_keys=names)
        _TEXTS[key] = str(compiled), itemgetter(*compiled.positiontup)
    text, values = _TEXTS[key]
    connection.exec_driver_sql(text, [values(row) for row in rows])


_TEXTS: dict[tuple[str, str, tuple[str, ...]], tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]] = {}
"""Cache of SQL text and parameter getter, by statement, table and columns."""


def _by_table(entries: Sequence[Entry]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        for name, own in entry.rows.items():
            rows.setdefault(name, []).extend(own)
    return rows


def _insertion(connection: Connection, table: Table) -> Any:
    """Idempotent insert, for a repeated commit whose answer was lost; a label replaces an older one.

    A policy that an earlier release has noted gets the content that this one keeps.
    """
    statement = _dialect(connection).insert(table)
    if table is policies:
        return statement.on_conflict_do_update(
            index_elements=[policies.c.sha256],
            set_={"content": statement.excluded.content},
            where=policies.c.content.is_(None),
        )
    if table is watched:
        new = statement.excluded  # drawn first, then what the reference said
        return statement.on_conflict_do_update(
            index_elements=[watched.c.decision_id],
            set_={"same": new.same, "reference_text": new.reference_text, "paid_usd": new.paid_usd},
            where=watched.c.same.is_(None),
        )
    if table is labels:
        new = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={
                "correct": new.correct,
                "at_ms": new.at_ms,
                "propensity": func.coalesce(new.propensity, labels.c.propensity),
            },
            where=labels.c.at_ms <= new.at_ms,  # a spooled label may arrive after a newer one
        )
    return statement.on_conflict_do_nothing()


def _outcome(connection: Connection, table: Table) -> Any:
    """Upsert a call's outcome: update its intent, or insert both if the intent never arrived."""
    statement = _dialect(connection).insert(table)
    new: Mapping[str, Any] = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[calls.c.call_id],
        set_={name: new[name] for name in ("state", "until_ms", "writer", *OUTCOME_COLUMNS)},
    )


OUTCOME_COLUMNS = tuple(calls.c.keys()[calls.c.keys().index("class") :])
"""Columns of a call's outcome, without `state`."""


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def _the_databases_fault(error: Exception) -> bool:
    """Return whether the database fails as a whole, and not a single row."""
    kinds: tuple[type[Exception], ...] = (exc.OperationalError, exc.InternalError)
    if isinstance(error, exc.DBAPIError) and type(error.orig).__module__.startswith("psycopg"):
        # A missing table or right, or a lost connection, concerns all rows.
        kinds += (exc.ProgrammingError, exc.InterfaceError)
    return isinstance(error, kinds) or type(error) is exc.DatabaseError
