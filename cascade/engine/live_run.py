"""LiveRun: one request whose answer is passed on as it comes, for a reader on any thread or event loop."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable
from typing import Any

from cascade.clients.live_stream import LiveStream
from cascade.dialects.live_piece import LivePiece
from cascade.engine.loop_thread import LoopJob, LoopThread
from cascade.result import Result


class LiveRun:
    """Runs a request; `next` gives the pieces of its answer as they come, then None, then there is a `result`.

    Where its answer is verified before it is given, no piece comes. One reader reads it, from a thread or a loop.
    """

    def __init__(self, loop_thread: LoopThread, work: Callable[[LiveStream], Any]) -> None:
        """Start it.

        Args:
            loop_thread: where it runs.
            work: returns the coroutine that runs it, by where its pieces go.
        """
        self._queue: queue.SimpleQueue[LivePiece | None] = queue.SimpleQueue()
        self._reader: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self.stream = LiveStream(self._put)
        """What is known of the answer while it comes."""
        self._job: LoopJob[Result[Any]] = loop_thread.start(work, self.stream, on_end=lambda: self._put(None))

    def next(self) -> LivePiece | None:
        """Wait for the next piece; blocks. None: it has ended."""
        return self._queue.get()

    async def anext(self) -> LivePiece | None:
        """As `next`, from an event loop."""
        loop = asyncio.get_running_loop()
        while True:
            waiter = loop.create_future()
            self._reader = (loop, waiter)  # before the look: what comes now wakes it
            with contextlib.suppress(queue.Empty):
                return self._queue.get_nowait()
            await waiter

    def result(self) -> Result[Any]:
        """Return the result, or raise the error that the request ended by; once `next` has returned None."""
        return self._job.result()

    def close(self) -> None:
        """Break it off, if it has not ended: what was paid for is settled and logged."""
        if not self._job.ended:
            self._job.cancel()

    def _put(self, piece: LivePiece | None) -> None:
        self._queue.put(piece)
        if self._reader is not None:
            loop, waiter = self._reader
            with contextlib.suppress(RuntimeError):  # the reader's loop was closed
                loop.call_soon_threadsafe(_wake, waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
