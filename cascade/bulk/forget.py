"""forget(): takes a principal out of files that came from a log: samples, requests, results, exports, journals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.bulk.forget_forms import FORMS, form_of

if TYPE_CHECKING:
    from cascade.log.log import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The names under which a log knows a principal and its requests."""

    names: frozenset[str]
    """The principal's own, as given and as the log stores it."""

    decisions: frozenset[str]
    """Decision ids."""

    requests: frozenset[str]
    """Request ids: of equal requests of others too, where ids are hashes of the content."""

    calls: frozenset[str]
    """Ids of calls."""

    def hold(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row is one of the principal's: by its principal, decision or call, else by its request."""
        told, begun = row.get("decision"), row.get("open")
        if isinstance(row.get("item"), Mapping) and self.hold(row["item"]):
            return True
        if _text(row.get("principal")) in self.names or _text(row.get("call") or row.get("call_id")) in self.calls:
            return True
        decision = told.get("id") if isinstance(told, Mapping) else told or row.get("decision_id")
        if decision:
            return _text(decision) in self.decisions
        if isinstance(begun, list) and len(begun) == 2:
            return _text(begun[1]) in self.requests
        return _text(row.get("hash_id") or row.get("id") or row.get("request_id")) in self.requests


def traces(log: Log, principal: str) -> Traces:
    """Return the ids of a principal's requests.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import calls, decisions

    stored = log.stored_name(principal)
    made = select(decisions.c.decision_id, decisions.c.request_id).where(decisions.c.principal == stored)
    asked = select(calls.c.call_id).where(calls.c.principal == stored)
    with log.reading() as connection:
        rows = connection.execute(made).all()
        called = frozenset(connection.execute(asked).scalars())
    return Traces(
        names=frozenset({principal, stored}),
        decisions=frozenset(row[0] for row in rows),
        requests=frozenset(row[1] for row in rows),
        calls=called,
    )


def forget(path: Path, found: Traces, *, dry_run: bool = False) -> int:
    """Take the rows of a principal's requests out of a file, atomically; return how many.

    Args:
        path: JSON lines (`.jsonl`, gzipped too), a journal (`.part`), CSV, TSV (gzipped too) or Parquet.
        found: the principal's names and ids in the log.
        dry_run: only count.

    Raises:
        ConfigError: a Parquet file, and the extra `tables` is not installed.
        DataError: the file cannot be read, is of no known form or without a column that tells whose a row is, or is a
            journal that a run still writes.
    """
    return FORMS[form_of(path)](path, found.hold, dry_run)


def _text(value: Any) -> str:
    """Return an id as text; exports put an apostrophe before one that a spreadsheet would take for a formula."""
    return str(value).removeprefix("'") if value is not None else ""
