"""Waiting: an entry in the writer's queue, and the promise to whoever may not go on before it is committed."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from cascade.errors import LogUnavailable
from cascade.log.rows import Entry

Promise: TypeAlias = "Future[None]"
"""What somebody waits for who may not go on before his entry is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEntry:
    """An entry in the queue."""

    number: int
    """Its place in the order in which entries came, from 1; 0: it never was in the queue."""

    entry: Entry
    """What is to be written."""

    promise: Promise | None
    """Kept when it is committed, broken where it cannot be; None: nobody waits, and it is tried again."""

    def settle(self, problem: str = "") -> None:
        """Keep the promise, or break it with what went wrong."""
        if self.promise is not None and problem:
            self.promise.set_exception(LogUnavailable(problem))
        elif self.promise is not None:
            self.promise.set_result(None)
