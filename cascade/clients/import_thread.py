"""Import thread: a daemon thread that imports what takes seconds, outside of every request's clock.

A fork waits for it: a child that is forked in the midst of an import finds the import's lock held for ever. The end of
the program does not wait for the whole, but for the next module that would be imported: there the thread ends. Ended
with the interpreter, in the midst of a module, it could take the process down. An exception raised in it from outside
is no way either: it may fall between the taking of the import system's lock and the `try` that frees it, and whatever
the main thread then imports waits for ever.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from importlib.machinery import ModuleSpec
from types import ModuleType

END_S = 3.0
"""Seconds that the end of a program waits at most for the module that an import is in the midst of."""

_running: set[threading.Thread] = set()


class _EndFinder:
    """A finder of modules that finds none, and ends the import threads that ask it for their next one."""

    def find_spec(
        self,
        fullname: str,  # noqa: ARG002 - the import system's own signature
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if threading.current_thread() in _running:
            raise SystemExit
        return None


def import_in_thread(work: Callable[[], None]) -> Future[None]:
    """Run imports in a daemon thread; return a future of their end."""
    future: Future[None] = Future()
    thread = threading.Thread(target=_run, args=(work, future), name="cascade-import", daemon=True)
    _running.add(thread)
    thread.start()
    return future


def _run(work: Callable[[], None], future: Future[None]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - given to whoever waits; the exception that ends it at exit too
        future.set_exception(error)
    else:
        future.set_result(None)
    finally:
        _running.discard(threading.current_thread())


def _wait_before_fork() -> None:
    for thread in list(_running):
        if thread is not threading.current_thread():
            thread.join()


def _end_at_next_module() -> None:
    """End imports that still run, each before its next module."""
    if threads := list(_running):
        sys.meta_path.insert(0, _EndFinder())
        for thread in threads:
            thread.join(END_S)


os.register_at_fork(before=_wait_before_fork, after_in_child=_running.clear)
atexit.register(_end_at_next_module)
