"""Graceful shutdown of a bulk run: no new item starts, items in flight finish and are saved."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Stop:
    """Stop signal, thread-safe; can be set from a signal handler."""

    def __init__(self) -> None:
        self._wished = threading.Event()
        self.terminated = False
        """True after SIGTERM: stopping was requested by the system and is not a failure."""
        self.cut = False
        """True if an item was left out because of the stop."""

    def wish(self, *, terminated: bool = False) -> None:
        """Request the stop; items in flight finish."""
        self.terminated = self.terminated or terminated
        self._wished.set()

    @property
    def wished(self) -> bool:
        """True once a stop was requested."""
        return self._wished.is_set()

    def until(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items until a stop is requested."""
        for item in items:
            if self.wished:
                self.cut = True
                return
            yield item
