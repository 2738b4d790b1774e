"""forget(): takes a principal out of files of samples, requests' results and exports' lines that came from a log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.errors import DataError
from cascade.files import write_atomically

if TYPE_CHECKING:
    from cascade.log.log import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The ids under which a log knows a principal's requests."""

    decisions: frozenset[str]
    """Decision ids."""

    requests: frozenset[str]
    """Request ids: of equal requests of others too, where ids are hashes of the content."""


def traces(log: Log, principal: str) -> Traces:
    """Return the ids of a principal's requests.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import decisions

    query = select(decisions.c.decision_id, decisions.c.request_id)
    with log.reading() as connection:
        rows = connection.execute(query.where(decisions.c.principal == log.stored_name(principal))).all()
    return Traces(decisions=frozenset(row[0] for row in rows), requests=frozenset(row[1] for row in rows))


def forget(path: Path, principal: str, found: Traces, *, dry_run: bool = False) -> int:
    """Take the lines of a principal's requests out of a file of JSON lines, atomically; return how many.

    A line is one of these by its principal, by the decision that it came from, or, where it names none, by its id.

    Args:
        path: samples, requests or results, one JSON object a line.
        principal: the principal.
        found: its ids in the log.
        dry_run: only count.

    Raises:
        DataError: the file cannot be read, or is not JSON lines.
    """
    if path.suffix != ".jsonl":
        message = f"{path} is no file of JSON lines (.jsonl); unpack or convert it, and forget in that."
        raise DataError(message)
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give a file of JSON lines."
        raise DataError(message) from None
    kept = [line for line, mine in _told(path, lines, principal, found) if not mine]
    if len(kept) < len(lines) and not dry_run:
        write_atomically(path, kept)
    return len(lines) - len(kept)


def _told(path: Path, lines: Sequence[bytes], principal: str, found: Traces) -> Iterator[tuple[bytes, bool]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            yield line, False
            continue
        try:
            content: Any = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            message = f"{path}, line {number} is no JSON object, so nothing was changed; JSON lines were expected."
            raise DataError(message)
        yield line, _is_of(content, principal, found)


def _is_of(content: dict[str, Any], principal: str, found: Traces) -> bool:
    if content.get("principal") == principal:
        return True
    came_from = content.get("decision")
    decision = came_from.get("id") if isinstance(came_from, dict) else content.get("decision_id")
    if isinstance(decision, str):
        return decision in found.decisions
    return str(content.get("hash_id") or content.get("id") or content.get("request_id")) in found.requests
