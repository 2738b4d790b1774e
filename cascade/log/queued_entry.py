"""QueuedEntry: an entry in the writer's queue, with a promise that is resolved by its commit."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from cascade.errors import LogUnavailable
from cascade.log.rows import Entry

Promise: TypeAlias = "Future[None]"
"""Resolved when the entry is committed; callers that need durability wait on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEntry:
    """An entry in the queue."""

    number: int
    """Its sequence number in the queue, from 1; 0: it never was in the queue."""

    entry: Entry
    """The entry to write."""

    promise: Promise | None
    """Resolved by the commit, failed if it cannot be committed; None: no caller waits, and it is tried again."""

    def settle(self, problem: str = "") -> None:
        """Resolve the promise, or fail it with the problem."""
        if self.promise is not None and problem:
            self.promise.set_exception(LogUnavailable(problem))
        elif self.promise is not None:
            self.promise.set_result(None)
