"""Loop thread: one background event loop, so that run() works in threads, in a running loop and after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from typing import Any, TypeVar

Returned = TypeVar("Returned")

_LOOK_S = 0.25

GRACE_S = 0.5
"""Grace period, in seconds, for requests in flight when the loop is closed."""


class LoopThread:
    """Runs coroutines on one background event loop, started lazily. Thread-safe.

    All of a cascade's work runs there: so there is one client, one retry loop and one log path, and connections are
    bound to one event loop. A forked child starts its own thread, since threads are not forked. The thread is a daemon:
    a program that does not close its cascade can still exit.
    """

    def __init__(self, on_fork: Callable[[], object]) -> None:
        """Take the callback of a forked child, called before its loop starts, to drop state of the parent's loop."""
        self._on_fork = on_fork
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._parents: list[object] = []

    @property
    def running(self) -> bool:
        """Whether the loop of this process was started and not closed since."""
        return self._loop is not None and os.getpid() == self._pid

    @property
    def is_current(self) -> bool:
        """Whether the caller is on the loop's own thread, which must not wait for itself."""
        return self._thread is threading.current_thread()

    def run(self, work: Callable[..., Coroutine[Any, Any, Returned]], *args: Any) -> Returned:
        """Run a coroutine function to its end from any thread; an interrupt cancels it."""
        future = self._start(work, *args)
        try:
            # A signal caught by another thread, or just before the wait, does not wake the main thread: it has to poll.
            while not wait((future,), timeout=_LOOK_S).done:
                pass
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
            raise

    async def arun(self, work: Callable[..., Coroutine[Any, Any, Returned]], *args: Any) -> Returned:
        """Run a coroutine function to its end from any event loop; cancelling the caller cancels it."""
        return await asyncio.wrap_future(self._start(work, *args))

    def _start(self, work: Callable[..., Coroutine[Any, Any, Returned]], *args: Any) -> Future[Returned]:
        if os.getpid() != self._pid:
            # The lock may be held by a thread that does not exist here. The parent's loop must not be collected: that
            # would close it, with the parent's sockets.
            self._parents.append(self._loop)
            self._lock, self._pid, self._loop, self._thread = threading.Lock(), os.getpid(), None, None
            self._on_fork()
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(loop,), name="cascade", daemon=True)
                self._thread.start()
                self._loop = loop
            # Within the lock, so that no close comes between; the caller's context variables are copied.
            return asyncio.run_coroutine_threadsafe(work(*args), self._loop)

    def close(self) -> None:
        """Cancel requests in flight and stop the loop; it restarts if needed again."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            if thread is not threading.current_thread():  # the garbage collector may close from any thread
                thread.join()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=GRACE_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
