"""Loop thread: one background event loop, so that run() works in threads, in a running loop and after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

Returned = TypeVar("Returned")

_LOOK_S = 0.25


class LoopThread:
    """Runs coroutines on one background event loop that is started at the first need.

    All of a cascade's work runs there, whoever calls: so there is one client, one retry loop and one log path, and
    connections never meet a second event loop. A forked child finds that the loop's thread did not come along and
    starts its own.
    """

    def __init__(self, on_fork: Callable[[], None]) -> None:
        """Take what to call in a forked child before its loop starts: drop what belonged to the parent's loop."""
        self._on_fork = on_fork
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._context: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._parents: list[object] = []

    def run(self, work: Callable[..., Awaitable[Returned]], *args: Any) -> Returned:
        """Run a coroutine function to its end from any thread; an interrupt cancels it."""
        future = self._start(work, *args)
        try:
            # A signal that another thread catches, or that comes just before the lock is waited for, does not wake the
            # main thread: it has to look now and then.
            while not wait((future,), timeout=_LOOK_S).done:
                pass
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
            raise

    async def arun(self, work: Callable[..., Awaitable[Returned]], *args: Any) -> Returned:
        """Run a coroutine function to its end from any event loop; cancelling the caller cancels it."""
        return await asyncio.wrap_future(self._start(work, *args))

    def _start(self, work: Callable[..., Awaitable[Returned]], *args: Any) -> Future[Returned]:
        if os.getpid() != self._pid:
            # The lock may be held by a thread that does not exist here; the parent's portal must never be collected,
            # since collecting it would wait for that thread.
            self._parents.append(self._context)
            self._lock, self._pid, self._context, self._portal = threading.Lock(), os.getpid(), None, None
            self._on_fork()
        with self._lock:
            if self._portal is None:
                self._context = start_blocking_portal("asyncio", name="cascade")
                self._portal = self._context.__enter__()
            portal = self._portal
        return portal.start_task_soon(work, *args)

    def close(self) -> None:
        """Stop the loop; it starts again if it is needed again."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            context, self._context, self._portal = self._context, None, None
        if context is not None:
            context.__exit__(None, None, None)
