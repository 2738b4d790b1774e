"""Fork lock: no fork of this process begins while one of its SQLite transactions is open."""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakSet

# A child forked during a transaction has the parent's lock in its copy of SQLite's memory, and deadlocks on it: no fork
# begins before every transaction of this process has ended.
_transactions: WeakSet[Any] = WeakSet()
_held: list[Any] = []


def fork_lock() -> Any:
    """Return a lock to hold during a transaction; every fork of this process waits for it."""
    lock = threading.RLock()
    _transactions.add(lock)
    return lock


def _before_fork() -> None:
    for lock in list(_transactions):
        lock.acquire()
        _held.append(lock)


def _after_fork() -> None:
    while _held:
        _held.pop().release()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
