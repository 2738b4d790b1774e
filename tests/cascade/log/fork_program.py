"""A program that is forked while its log is in the midst of a transaction; exits as its child does, which writes too.

python -m tests.cascade.log.fork_program PATH
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from cascade.log.insertion import loss
from cascade.log.rows import Entry
from cascade.log.sqlite import Database


class Midst(list[Entry]):
    """Entries that, as soon as they are read for a transaction, have another thread fork."""

    def __iter__(self) -> Iterator[Entry]:
        """Give the entries once the other thread has begun to fork."""
        if not forking.is_alive() and not begun.is_set():
            forking.start()
            begun.wait()
        return super().__iter__()


def fork() -> None:
    child = os.fork()
    if child == 0:
        database.abandon()
        database.store([loss(1, "in the child")], 0, "")
        os._exit(0)
    status.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which is the point
begun, status = threading.Event(), []
forking = threading.Thread(target=fork)
database = Database(Path(sys.argv[1]), read_only=False, receipts=False, vanished=lambda *_: None, warn=lambda *_: None)
os.register_at_fork(before=begun.set)
database.store(Midst([loss(1, "in the parent")]), 0, "")
forking.join()
database.close()
sys.exit(status[0])
