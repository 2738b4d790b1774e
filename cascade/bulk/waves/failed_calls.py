"""FailedCalls: calls of provider batches that have no answer: failed permanently, or missing and to be asked again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cascade.bulk.waves.state import Purpose
from cascade.errors import DataError
from cascade.failure import CallFailure, FailureKind

_FATAL = frozenset({FailureKind.AUTH, FailureKind.QUOTA, FailureKind.NOT_FOUND})
"""Kinds that end an exploration (`engine.raise_for.raise_if_fatal`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """One call without an answer."""

    key: str
    """Its idempotency key (`call_key`)."""

    request_id: str
    """The request that it serves."""

    kind: FailureKind
    """What went wrong."""

    message: str
    """The same for people."""

    status: int | None = None
    """The HTTP status of its line."""

    @property
    def failure(self) -> CallFailure:
        """The failure as the flow takes it; nothing is asked or charged for it any more."""
        return CallFailure(kind=self.kind, message=self.message, status=self.status, tries=0, charged=False)


class FailedCalls:
    """The failed calls of a run, in a file beside its state; the latest line of a key counts."""

    def __init__(self, folder: Path, purpose: Purpose) -> None:
        """Read the file of a run of this purpose, if there is one.

        Raises:
            DataError: it is damaged.
        """
        self._mendable = _FATAL if purpose == "explore" else frozenset[FailureKind]()
        self._path = folder / "failed.jsonl"
        self.by_key: dict[str, FailedCall] = {}
        if self._path.exists():
            lines = self._path.read_text(encoding="utf-8").split("\n")
            for number, line in enumerate(lines[:-1], start=1):  # a torn last line is written again
                try:
                    told = json.loads(line)
                    self._take(FailedCall(**{**told, "kind": FailureKind(told["kind"])}))
                except (ValueError, TypeError, KeyError):
                    message = f"{self._path}, line {number}: it is not a failed call; the file is damaged."
                    raise DataError(message) from None

    def _take(self, one: FailedCall) -> None:
        self.by_key[one.key] = one

    def put(self, some: list[FailedCall]) -> None:
        """Take failed calls, and write the file durably."""
        from cascade.files import write_atomically

        for one in some:
            self._take(one)
        lines = (
            json.dumps(
                {
                    "key": one.key,
                    "request_id": one.request_id,
                    "kind": one.kind.value,
                    "message": one.message,
                    "status": one.status,
                }
            ).encode("ascii")
            + b"\n"
            for one in self.by_key.values()
        )
        write_atomically(self._path, lines)

    def missing(self, one: FailedCall) -> bool:
        """Return whether another try may mend a failure.

        As the retry loop decides for a live call; for an exploration, also where it would stop a live one until a key,
        an account or a model's name is put right.
        """
        return one.failure.treatment.retries > 0 or one.kind in self._mendable

    def final(self, key: str) -> CallFailure | None:
        """Return a call's permanent failure; None if it has none."""
        found = self.by_key.get(key)
        return None if found is None or self.missing(found) else found.failure

    def is_missing(self, key: str) -> bool:
        """Return whether a call was asked and is to be asked again."""
        found = self.by_key.get(key)
        return found is not None and self.missing(found)
