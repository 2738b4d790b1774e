"""Receipts: a hash chain over the decisions of a log, which detects changed, removed or inserted ones.

Each receipt is the sha256 of the one before and of the decision's rows (itself, its attempts, its verdicts) in
canonical bytes: JSON with sorted keys and without floats. Money is picodollars, every other figure a decimal with nine
places. Truncation at the end leaves no trace in the log itself: store the head that `verify` reports elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Double, Table, func, select

from cascade.hashing import canonical_json
from cascade.log.rows import Entry
from cascade.log.tables import APPLICATION_ID, attempts, decisions, receipts, verdicts

START = "0" * 64
"""Digest before the first receipt."""

CHUNK = 500
"""Decisions in a batch."""

_PICO = 10**12

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Result of verifying a chain."""

    receipts: int
    """Receipts verified: all, or those up to the first broken one."""

    purged: int
    """Of these, receipts of purged decisions, whose rows cannot be verified any more."""

    unchained: int
    """Decisions without a receipt from before the chain began."""

    head: str
    """The last digest of the chain; stored elsewhere, it detects truncation too."""

    broken: str | None = None
    """Description of the first row that was changed; None if the chain is intact."""


def chain(connection: Connection, entries: Sequence[Entry]) -> None:
    """Append receipts for decisions just inserted, inside the same transaction.

    The transaction locks the chain, by SQLite's write lock or an advisory lock on PostgreSQL, so that all processes
    that write to one log extend one chain.
    """
    new = {row["decision_id"]: entry for entry in entries for row in entry.rows.get("decisions", ())}
    if not new:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(APPLICATION_ID)))
    query = select(receipts.c.decision_id).where(receipts.c.decision_id.in_(list(new)))
    for known in connection.execute(query).scalars():
        del new[known]
    last = connection.execute(select(receipts).order_by(receipts.c.position.desc()).limit(1)).first()
    position, digest = (0, START) if last is None else (last.position, last.digest)
    rows = []
    for identity, entry in new.items():
        previous, position = digest, position + 1
        digest = _digest(previous, entry.rows)
        rows.append({"position": position, "decision_id": identity, "previous": previous, "digest": digest})
    if rows:
        connection.execute(receipts.insert(), rows)


def verify(connection: Connection, *, head: str | None = None) -> Verified:
    """Verify the chain of a log from its beginning to the first changed row.

    Args:
        connection: a snapshot of the log.
        head: a digest reported earlier; it must still be in the chain.
    """
    checked, purged, digest, seen = 0, 0, START, head is None
    first = None
    for chunk in _chunks(connection):
        found = _rows(connection, [receipt.decision_id for receipt in chunk])
        for receipt in chunk:
            rows = found.get(receipt.decision_id)
            broken = _broken(receipt, checked + 1, digest, rows)
            if broken is not None:
                return Verified(receipts=checked, purged=purged, unchained=0, head=digest, broken=broken)
            checked, digest = checked + 1, receipt.digest
            purged += receipt.purged_ms is not None
            seen = seen or digest == head
            if first is None and rows is not None:
                first = rows["decisions"][0]["sequence"]
    unchained, slipped = _without(connection, first)
    if slipped is not None:
        broken = f"decision {slipped} is in the log without a receipt, after the chain had begun"
    elif not seen:
        broken = f"the chain ends with {digest} and does not contain {head}: it was truncated, or is another log's"
    else:
        broken = None
    return Verified(receipts=checked, purged=purged, unchained=unchained, head=digest, broken=broken)


def _broken(receipt: Any, position: int, previous: str, rows: Rows | None) -> str | None:
    where = f"receipt {receipt.position}, decision {receipt.decision_id}"
    if receipt.position != position:
        return f"{where}: receipt {position} is missing before it"
    if receipt.previous != previous:
        return f"{where}: it does not follow the receipt before it"
    if rows is None:
        return None if receipt.purged_ms is not None else f"{where}: the decision is gone, and was not purged"
    if _digest(previous, rows) != receipt.digest:
        return f"{where}: the decision, an attempt or a verdict of it was changed"
    return None


def _chunks(connection: Connection) -> Iterator[Sequence[Any]]:
    after = -1
    while True:
        query = select(receipts).where(receipts.c.position > after).order_by(receipts.c.position).limit(CHUNK)
        chunk = connection.execute(query).all()
        if not chunk:
            return
        yield chunk
        after = chunk[-1].position


def _rows(connection: Connection, identities: Sequence[str]) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
    """Return the rows of decisions by id and table."""
    found: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for table in (decisions, attempts, verdicts):
        query = select(table).where(table.c.decision_id.in_(identities))
        for row in connection.execute(query).mappings():
            own = found.setdefault(row["decision_id"], {}) if table is decisions else found.get(row["decision_id"])
            if own is not None:
                own.setdefault(table.name, []).append(dict(row))
    return found


def _without(connection: Connection, first: int | None) -> tuple[int, str | None]:
    """Count decisions from before the chain began, and return one without a receipt from after that."""
    missing = ~select(receipts.c.decision_id).where(receipts.c.decision_id == decisions.c.decision_id).exists()
    query = select(func.count()).select_from(decisions).where(missing)
    if first is None:
        return int(connection.execute(query).scalar_one()), None
    before = int(connection.execute(query.where(decisions.c.sequence < first)).scalar_one())
    after = select(decisions.c.decision_id).where(missing, decisions.c.sequence > first)
    return before, connection.execute(after.order_by(decisions.c.sequence).limit(1)).scalar()


def _digest(previous: str, rows: Rows) -> str:
    content = [
        [
            # Columns added by a later release are empty in earlier rows, and change nothing.
            {name: _said(table, name, row[name]) for name in _COLUMNS[table.name] if row.get(name) is not None}
            for row in _in_order(table, rows)
        ]
        for table in (decisions, attempts, verdicts)
    ]
    return sha256(previous.encode("ascii") + canonical_json(content)).hexdigest()


def _in_order(table: Table, rows: Rows) -> list[Mapping[str, Any]]:
    return sorted(rows.get(table.name, ()), key=lambda row: (row.get("position", 0), row.get("place", 0)))


_COLUMNS = {
    table.name: [column.name for column in table.columns if column.name != "sequence"]
    for table in (decisions, attempts, verdicts)
}
"""Columns covered by a receipt; the database gives the sequence after the receipt."""


def _said(table: Table, name: str, value: Any) -> Any:
    """Return a stored value without a float, equal on either database."""
    if not isinstance(table.c[name].type, Double):
        return value
    return round(value * _PICO) if name.endswith("_usd") else f"{value:.9f}"
