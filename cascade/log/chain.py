"""The chain of receipts as it is written: a link a decision, and links that say where it begins and what was purged.

Each link holds the sha256 of the one before and of what it stands for in canonical bytes (JSON with sorted keys and
without floats; money is picodollars, every other figure a decimal with nine places): the rows of a decision (itself
with its place in the log's order, its attempts, its verdicts), or the link's own content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Double, Table, func, select

from cascade.hashing import canonical_json
from cascade.log.rows import TEXTS, Entry, now_ms
from cascade.log.tables import APPLICATION_ID, attempts, decisions, receipts, verdicts

START = "0" * 64
"""Digest before the first link."""

_PICO = 10**12

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table."""

Content = Mapping[str, Any]
"""Content of a link that is no decision. `unchained`: decisions without a receipt, counted where the chain begins and
deleted by a purge; `upto`, where it begins: the last of these in the log's order; `purged`, of a purge: positions of
receipts as runs [first, last]."""


def lock(connection: Connection) -> None:
    """Hold back every other writer of the chain until the transaction ends, before any row of it is inserted.

    SQLite's write lock does it there; without it on PostgreSQL, the order of the log and of the chain could differ.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(APPLICATION_ID)))


def chain(connection: Connection, entries: Sequence[Entry]) -> None:
    """Link decisions just inserted, inside the same transaction, under the lock."""
    new = {row["decision_id"]: entry for entry in entries for row in entry.rows.get("decisions", ())}
    if not new:
        return
    for known in connection.execute(
        select(receipts.c.decision_id).where(receipts.c.decision_id.in_(list(new)))
    ).scalars():
        del new[known]
    if not new:
        return
    position, digest = _end(connection)
    if not position:
        position, digest = _begin(connection, list(new))
    given = select(decisions.c.decision_id, decisions.c.sequence).where(decisions.c.decision_id.in_(list(new)))
    sequences = {row.decision_id: row.sequence for row in connection.execute(given)}
    rows = []
    for identity in sorted(new, key=sequences.__getitem__):
        previous, position = digest, position + 1
        digest = digest_of_rows(previous, new[identity].rows, sequence=sequences[identity])
        rows.append({"position": position, "decision_id": identity, "previous": previous, "digest": digest})
    connection.execute(receipts.insert(), rows)


def link_purge(connection: Connection, identities: Sequence[str]) -> None:
    """Link the purge of decisions, and mark their receipts, inside its transaction, under the lock."""
    mine = receipts.c.decision_id.in_(identities) & receipts.c.content.is_(None) & receipts.c.purged_ms.is_(None)
    held = list(connection.execute(select(receipts.c.position).where(mine)).scalars())
    if not identities or not _end(connection)[0]:
        return
    _purged(connection, held, unchained=len(identities) - len(held))
    connection.execute(receipts.update().where(mine).values(purged_ms=now_ms()))


def link_earlier(connection: Connection) -> None:
    """Link what a log of schema 4 knows by marks only: purges, and decisions without a receipt."""
    position, digest = _end(connection)
    if not position:
        return
    _link(connection, position, digest, "begin", _without(connection, ()))
    marked = select(receipts.c.position).where(receipts.c.purged_ms.is_not(None))
    if held := list(connection.execute(marked).scalars()):
        _purged(connection, held, unchained=0)


def digest_of_rows(previous: str, rows: Rows, *, sequence: int | None) -> str:
    """Return the digest of a decision's link; without `sequence` as releases before schema 5 made it.

    Texts that are kept for a time only are no part of it: once they are deleted, the chain still holds.
    """
    expires = any(row.get("text_until_ms") is not None for row in rows.get("decisions", ()))
    names = _LASTING if expires else _COLUMNS
    content: list[list[dict[str, Any]]] = [
        [
            # Columns added by a later release are empty in earlier rows, and change nothing.
            {name: _said(table, name, row[name]) for name in names[table.name] if row.get(name) is not None}
            for row in sorted(rows.get(table.name, ()), key=lambda row: (row.get("position", 0), row.get("place", 0)))
        ]
        for table in (decisions, attempts, verdicts)
    ]
    if sequence is not None:
        content[0][0]["sequence"] = sequence
    return sha256(previous.encode("ascii") + canonical_json(content)).hexdigest()


def digest_of_content(previous: str, content: str) -> str:
    """Return the digest of a link that is no decision."""
    return sha256(previous.encode("ascii") + canonical_json({"content": content})).hexdigest()


def _end(connection: Connection) -> tuple[int, str]:
    last = connection.execute(
        select(receipts.c.position, receipts.c.digest).order_by(receipts.c.position.desc()).limit(1)
    ).first()
    return (0, START) if last is None else (last.position, last.digest)


def _begin(connection: Connection, new: Sequence[str]) -> tuple[int, str]:
    """Link where the chain begins, if there are decisions from before that; return the end of the chain."""
    content = _without(connection, new)
    return _link(connection, 0, START, "begin", content) if content["unchained"] else (0, START)


def _without(connection: Connection, new: Sequence[str]) -> Content:
    """Count the decisions that have no receipt and get none now."""
    missing = ~select(receipts.c.decision_id).where(receipts.c.decision_id == decisions.c.decision_id).exists()
    query = select(func.count(), func.coalesce(func.max(decisions.c.sequence), 0)).where(missing)
    n, upto = connection.execute(query.where(decisions.c.decision_id.not_in(new))).one()
    return {"unchained": int(n), "upto": int(upto)}


def _purged(connection: Connection, positions: Iterable[int], *, unchained: int) -> None:
    runs = [
        [run[0], run[-1]]
        for _, run in (
            (key, [position for _, position in group])
            for key, group in groupby(enumerate(sorted(positions)), key=lambda pair: pair[1] - pair[0])
        )
    ]
    _link(connection, *_end(connection), "purge", {"at_ms": now_ms(), "purged": runs, "unchained": unchained})


def _link(connection: Connection, position: int, digest: str, kind: str, content: Content) -> tuple[int, str]:
    text = json.dumps(content)
    made = position + 1, digest_of_content(digest, text)
    row = {"position": made[0], "decision_id": f"{kind} {made[0]}", "previous": digest, "digest": made[1]}
    connection.execute(receipts.insert(), [{**row, "content": text}])
    return made


_COLUMNS = {
    table.name: [column.name for column in table.columns if column.name != "sequence"]
    for table in (decisions, attempts, verdicts)
}

_LASTING = {table: [name for name in names if name not in TEXTS] for table, names in _COLUMNS.items()}


def _said(table: Table, name: str, value: Any) -> Any:
    """Return a stored value without a float, equal on either database."""
    if not isinstance(table.c[name].type, Double):
        return value
    return round(value * _PICO) if name.endswith("_usd") else f"{value:.9f}"
