"""Verifies the chain of receipts of a log, which detects changed, removed, inserted or reordered decisions.

Truncation at the end leaves no trace in the log itself: store the head that `verify` reports elsewhere. A purge is a
link of its own, so that it shows, and moves the head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from cascade.log.chain import START, Rows, digest_of_content, digest_of_rows
from cascade.log.tables import attempts, decisions, receipts, verdicts

CHUNK = 500
"""Links in a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Result of verifying a chain."""

    receipts: int
    """Receipts of decisions verified: all, or those before the first broken link."""

    purged: int
    """Of these, receipts of purged decisions, whose rows cannot be verified any more."""

    purges: int = 0
    """Links that purge something."""

    unchained: int
    """Decisions without a receipt, from before the chain began."""

    head: str
    """The last digest of the chain; stored elsewhere, it detects truncation too."""

    broken: str | None = None
    """Description of the first row that is not as it was written; None if the chain is intact."""


@dataclass(slots=True)
class _Walk:
    """What the walk along the chain has found so far."""

    position: int = 0
    digest: str = START
    checked: int = 0
    purges: int = 0
    gone: dict[int, str] = field(default_factory=dict)
    """Decisions that are not there, by position; a later purge must name each."""
    purged: int = 0
    unchained: int = 0
    upto: int = 0

    def verified(self, broken: str | None = None) -> Verified:
        return Verified(
            receipts=self.checked, purged=self.purged, purges=self.purges, unchained=self.unchained, head=self.digest,
            broken=broken,
        )  # fmt: skip


def verify(connection: Connection, *, head: str | None = None) -> Verified:
    """Verify the chain of a log from its beginning to the first row that is not as it was written.

    Args:
        connection: a snapshot of the log.
        head: a digest reported earlier; it must still be in the chain.
    """
    walk, seen = _Walk(), head is None
    for chunk in _chunks(connection):
        found = _rows(connection, [receipt.decision_id for receipt in chunk])
        for receipt in chunk:
            if (broken := _broken(receipt, walk, found.get(receipt.decision_id))) is not None:
                return walk.verified(broken)
            walk.position, walk.digest = receipt.position, receipt.digest
            walk.checked += receipt.content is None
            seen = seen or walk.digest == head
    if walk.gone:
        position, identity = next(iter(walk.gone.items()))
        broken = f"receipt {position}, decision {identity}: the decision is gone, and no purge in the chain names it"
    elif not seen:
        broken = f"the chain ends with {walk.digest} and does not contain {head}: it was truncated, or is another log's"
    else:
        broken = _without(connection, walk) or _orphan(connection)
    return walk.verified(broken)


def _broken(receipt: Any, walk: _Walk, rows: Rows | None) -> str | None:
    """Check one link, and take note of what it says; return what is wrong with it."""
    what = f"decision {receipt.decision_id}" if receipt.content is None else receipt.decision_id.partition(" ")[0]
    where = f"receipt {receipt.position}, {what}"
    if receipt.position != walk.position + 1:
        return f"{where}: receipt {walk.position + 1} is missing before it"
    if receipt.previous != walk.digest:
        return f"{where}: it does not follow the receipt before it"
    if receipt.content is not None:
        if digest_of_content(walk.digest, receipt.content) != receipt.digest:
            return f"{where}: the link was changed"
        return _said(where, json.loads(receipt.content), walk)
    if rows is None:
        walk.gone[receipt.position] = receipt.decision_id
        return None
    sequence = rows["decisions"][0]["sequence"]
    # The second form is that of receipts from before schema 5; none of a later one has it.
    if receipt.digest not in (digest_of_rows(walk.digest, rows, sequence=form) for form in (sequence, None)):
        return f"{where}: the decision, its place in the order, an attempt or a verdict of it was changed"
    return None


def _said(where: str, content: Mapping[str, Any], walk: _Walk) -> str | None:
    if "purged" not in content:
        walk.unchained, walk.upto = content["unchained"], content["upto"]
        return None
    walk.purges += 1
    walk.unchained -= content["unchained"]
    for first, last in content["purged"]:
        for position in range(first, last + 1):
            if position not in walk.gone:
                return f"{where}: the decision of receipt {position} is in the log again after it was purged"
            del walk.gone[position]
            walk.purged += 1
    return None


def _chunks(connection: Connection) -> Iterator[Sequence[Any]]:
    query = select(receipts).order_by(receipts.c.position).limit(CHUNK)
    chunk = connection.execute(query).all()
    while chunk:
        yield chunk
        chunk = connection.execute(query.where(receipts.c.position > chunk[-1].position)).all()


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


def _without(connection: Connection, walk: _Walk) -> str | None:
    """Check that decisions without a receipt are as many as the chain says there were before it began."""
    if not walk.position:
        return None
    missing = ~select(receipts.c.decision_id).where(receipts.c.decision_id == decisions.c.decision_id).exists()
    n = int(connection.execute(select(func.count()).select_from(decisions).where(missing)).scalar_one())
    later = missing & ((decisions.c.sequence > walk.upto) | (decisions.c.sequence < 1))
    slipped = select(decisions.c.decision_id).where(later).order_by(decisions.c.sequence).limit(1)
    if (identity := connection.execute(slipped).scalar()) is not None:
        return f"decision {identity} is in the log without a receipt, after the chain had begun"
    if n != walk.unchained:
        return f"{n} decisions have no receipt, and the chain began with {walk.unchained} (less those purged since)"
    return None


def _orphan(connection: Connection) -> str | None:
    """Return an attempt or verdict of a decision that is not in the log."""
    for table, noun in ((attempts, "an attempt"), (verdicts, "a verdict")):
        there = select(decisions.c.decision_id).where(decisions.c.decision_id == table.c.decision_id).exists()
        if (identity := connection.execute(select(table.c.decision_id).where(~there).limit(1)).scalar()) is not None:
            return f"{noun} of decision {identity} is in the log, which has no such decision"
    return None
