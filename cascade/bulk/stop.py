"""Stopping a bulk run in good order: nothing new is begun, what is begun is finished and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Stop:
    """A wish to stop, from any thread or a signal handler."""

    def __init__(self) -> None:
        self._wished = threading.Event()
        self.terminated = False
        """True where the system asked (SIGTERM) and not a person: then stopping is what was to be done, no failure."""

    def wish(self, *, terminated: bool = False) -> None:
        """Ask for the stop; items that are begun are finished."""
        self.terminated = self.terminated or terminated
        self._wished.set()

    @property
    def wished(self) -> bool:
        """True once somebody asked."""
        return self._wished.is_set()

    def until(self, items: Iterable[Item]) -> Iterator[Item]:
        """Give the items one by one until the stop is wished for."""
        for item in items:
            if self.wished:
                return
            yield item
