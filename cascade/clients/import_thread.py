"""Import thread: a daemon thread that imports what takes seconds, outside of every request's clock.

A fork waits for it: a child that is forked in the midst of an import finds the import's lock held for ever. The end of
the program does not wait, and breaks it off.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future

END_S = 2.0
"""Seconds that the end of a program waits for an import that it broke off."""

_running: set[threading.Thread] = set()


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


def _break_off() -> None:
    """Raise SystemExit in imports that still run: ended with the interpreter, they could take the process down."""
    for thread in list(_running):
        if thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
            thread.join(END_S)


os.register_at_fork(before=_wait_before_fork, after_in_child=_running.clear)
atexit.register(_break_off)
