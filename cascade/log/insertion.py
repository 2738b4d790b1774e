"""Insertion: entries into the tables of a log, so that the same entry twice is the same as once, on either database."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

from cascade.log.receipts import chain
from cascade.log.rows import OUTCOMES, Entry, now_ms
from cascade.log.tables import calls, labels, metadata

Begin = Callable[[Connection], None]
"""Begins the transaction by hand, where the database wants that."""

_THE_ROWS_FAULT = (exc.StatementError, OverflowError, TypeError, ValueError)


def loss(n: int, reason: str) -> Entry:
    """Return the entry that says that `n` decisions could not be logged; its id keeps it one, however often written."""
    row = {"at_ms": now_ms(), "n": n, "reason": reason, "loss_id": os.urandom(16).hex()}
    return Entry(rows={"losses": [row]})


def insert(
    connection: Connection, entries: Sequence[Entry], *, begin: Begin, receipts: bool
) -> Sequence[tuple[Entry, str]]:
    """Commit entries in one transaction; those that the tables refuse are left out and returned, with the reason.

    Raises:
        SQLAlchemyError: the database refuses everything; nothing was committed.
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
        outcomes = _of(entries, OUTCOMES)
        ended = {row["call_id"] for row in outcomes}
        for table in metadata.sorted_tables:
            rows = _of(entries, table.name)
            if table is calls:
                # What ended already is written once: a row that grows later leaves its page half empty.
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
    """Execute a statement on many rows; on SQLite with its text made once, which takes half of the time."""
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
"""SQL and what it takes of a row, by statement, table and columns."""


def _of(entries: Sequence[Entry], name: str) -> list[dict[str, Any]]:
    return [row for entry in entries for row in entry.rows.get(name, ())]


def _insertion(connection: Connection, table: Table) -> Any:
    """Insert so that the same row twice (a commit whose answer was lost) is one row; a label replaces an older one."""
    statement = _dialect(connection).insert(table)
    if table is labels:
        new = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"correct": new.correct, "at_ms": new.at_ms},
            where=labels.c.at_ms <= new.at_ms,  # what waited in a spool may come after what is newer
        )
    return statement.on_conflict_do_nothing()


def _outcome(connection: Connection, table: Table) -> Any:
    """Write what came of a call over its intent, or both in one where the intent never arrived."""
    statement = _dialect(connection).insert(table)
    new: Mapping[str, Any] = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[calls.c.call_id],
        set_={name: new[name] for name in ("state", "until_ms", "writer", *OUTCOME_COLUMNS)},
    )


OUTCOME_COLUMNS = tuple(calls.c.keys()[calls.c.keys().index("class") :])
"""The columns that are filled in when a call has ended, `state` aside."""


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def _the_databases_fault(error: Exception) -> bool:
    """Tell a database that refuses everything from a row that it refuses."""
    kinds: tuple[type[Exception], ...] = (exc.OperationalError, exc.InternalError)
    if isinstance(error, exc.DBAPIError) and type(error.orig).__module__.startswith("psycopg"):
        # A missing table or right, a connection that is gone: no row can help that.
        kinds += (exc.ProgrammingError, exc.InterfaceError)
    return isinstance(error, kinds) or type(error) is exc.DatabaseError
