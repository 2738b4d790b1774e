"""Loop thread: one background event loop, so that run() works in threads, in a running loop and after a fork.

Why not in the caller's own loop: a program may ask from several loops and threads, block its loop, close it without a
word, or run one that is not asyncio's. Deadlines, limits and what a broken connection is evidence of hang on a loop
that does nothing else. The way there and back costs 35 µs of CPU (12 with 64 requests at once).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, Generic, TypeVar

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
        self._jobs: set[LoopJob[Any]] = set()
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
        """Run a coroutine function to its end from any thread; an interrupt cancels it, and waits a moment for its end.

        Raises:
            CancelledError: the loop was closed meanwhile.
        """
        ended = threading.Event()
        job = LoopJob(work, args, on_end=ended.set)
        try:
            self._start(job)  # here too: an interrupt may come once the work has begun and before the wait has
            # A signal caught by another thread, or just before the wait, does not wake the main thread: it has to poll.
            while not ended.wait(_LOOK_S):
                pass
        except BaseException:
            if job.cancel():
                ended.wait(GRACE_S)
            raise
        try:
            return job.result()
        except asyncio.CancelledError:
            raise CancelledError from None  # the one of threads: asyncio's own is none that `except Exception` catches

    async def arun(self, work: Callable[..., Coroutine[Any, Any, Returned]], *args: Any) -> Returned:
        """Run a coroutine function to its end from any event loop.

        Cancelling the caller cancels it. The cancellation goes on once it has ended: what was paid for is settled then.
        """
        caller = asyncio.get_running_loop()
        waiter = caller.create_future()

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        def on_end() -> None:
            with contextlib.suppress(RuntimeError):  # the caller's loop was closed
                caller.call_soon_threadsafe(wake)

        job = self._start(LoopJob(work, args, on_end=on_end))
        try:
            await waiter
        except asyncio.CancelledError:
            job.cancel()
            while not job.ended:
                waiter = caller.create_future()
                try:
                    await waiter
                except asyncio.CancelledError:
                    job.cancel()
            raise
        return job.result()

    def start(
        self, work: Callable[..., Coroutine[Any, Any, Returned]], *args: Any, on_end: Callable[[], object]
    ) -> LoopJob[Returned]:
        """Begin a coroutine function; what it comes to is the job's `result` once `on_end` was called on the loop."""
        return self._start(LoopJob(work, args, on_end=on_end))

    def _start(self, job: LoopJob[Returned]) -> LoopJob[Returned]:
        if os.getpid() != self._pid:
            # The lock may be held by a thread that does not exist here. The parent's loop must not be collected: that
            # would close it, with the parent's sockets.
            self._parents.append(self._loop)
            self._lock, self._pid, self._loop, self._thread = threading.Lock(), os.getpid(), None, None
            self._on_fork()
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._jobs = set()
                self._thread = threading.Thread(target=_serve, args=(loop, self._jobs), name="cascade", daemon=True)
                self._thread.start()
                self._loop = loop
            # Within the lock, so that no close comes between; the caller's context variables are copied.
            job.start(self._loop, self._jobs)
        return job

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


class LoopJob(Generic[Returned]):
    """A coroutine that runs on the loop thread, as its caller sees it."""

    def __init__(
        self, work: Callable[..., Coroutine[Any, Any, Returned]], args: tuple[Any, ...], *, on_end: Callable[[], object]
    ) -> None:
        """Take the coroutine function, and what is called on the loop's thread once it has ended."""
        self.ended = False
        """Whether it has ended, or its loop has."""
        self._work, self._args, self._on_end = work, args, on_end
        self._task: asyncio.Task[Returned] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop, jobs: set[LoopJob[Any]]) -> None:
        """Begin it, from any thread; it stands among `jobs`, of its loop's thread, until it has ended."""
        self._jobs, self._loop = jobs, loop
        loop.call_soon_threadsafe(self._begin)

    def cancel(self) -> bool:
        """Cancel it, from any thread; return whether it was started on a loop that is still open."""
        if self._loop is None:
            return False
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:  # its loop was closed, so it has ended
            return False
        return True

    def end(self, _: object = None) -> None:
        """Tell the caller that it has ended; called on the loop's thread."""
        self._jobs.discard(self)
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.exception()  # retrieved, so that asyncio does not warn where the caller has gone
        self.ended = True
        self._on_end()

    def result(self) -> Returned:
        """Return what it returned, or raise what it raised; once it has ended.

        Raises:
            CancelledError: it was cancelled, since the cascade was closed.
        """
        if self._task is None or not self._task.done():
            raise asyncio.CancelledError
        return self._task.result()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._work(*self._args))
        self._jobs.add(self)
        self._task.add_done_callback(self.end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _serve(loop: asyncio.AbstractEventLoop, jobs: set[LoopJob[Any]]) -> None:
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
        for job in tuple(jobs):  # they did not end within the grace period; they are waited for no longer
            job.end()
