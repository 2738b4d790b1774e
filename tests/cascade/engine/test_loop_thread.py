"""The loop thread: work for callers in threads and in loops of their own, who go on only once it has ended."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextvars import ContextVar

import pytest

from cascade.engine.loop_thread import LoopThread

WHOSE: ContextVar[str] = ContextVar("whose", default="")


@pytest.fixture
def loop_thread() -> Iterator[LoopThread]:
    opened = LoopThread(lambda: None)
    yield opened
    opened.close()


class Work:
    """Waits until it is cancelled, then cleans up for some turns of the loop."""

    def __init__(self, turns: int = 50) -> None:
        self.turns, self.begun, self.cleaning, self.ended = turns, threading.Event(), threading.Event(), False

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cleaning.set()
            for _ in range(self.turns):
                await asyncio.sleep(0)
            self.ended = True


async def cancelled_at(loop_thread: LoopThread, work: Work, *points: threading.Event) -> None:
    """Cancel a caller at each of these points in its work."""
    caller = asyncio.create_task(loop_thread.arun(work))
    for point in points:
        await asyncio.to_thread(point.wait)
        caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


def test_a_cancelled_caller_goes_on_once_the_work_has_ended(loop_thread: LoopThread) -> None:
    work = Work()
    asyncio.run(cancelled_at(loop_thread, work, work.begun))
    assert work.ended


def test_a_caller_that_is_cancelled_at_the_end_of_its_loop_waits_too(loop_thread: LoopThread) -> None:
    work = Work()

    async def leave_it() -> None:
        leaving.append(asyncio.create_task(loop_thread.arun(work)))
        await asyncio.to_thread(work.begun.wait)

    leaving: list[asyncio.Task[None]] = []
    asyncio.run(leave_it())
    assert work.ended
    assert leaving[0].cancelled()


def test_a_caller_that_runs_out_of_time_waits_too(loop_thread: LoopThread) -> None:
    work = Work()

    async def in_time() -> None:
        async with asyncio.timeout(0.05):
            await loop_thread.arun(work)

    with pytest.raises(TimeoutError):
        asyncio.run(in_time())
    assert work.ended


def test_every_cancellation_reaches_the_work(loop_thread: LoopThread) -> None:
    stubborn = Work(turns=10**9)
    asyncio.run(cancelled_at(loop_thread, stubborn, stubborn.begun, stubborn.cleaning))
    assert not stubborn.ended, "the second one ended its cleaning up"


def test_an_interrupted_thread_goes_on_once_the_work_has_ended(loop_thread: LoopThread) -> None:
    work = Work()
    main = threading.main_thread().ident or 0

    def interrupt() -> None:
        work.begun.wait()
        signal.pthread_kill(main, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore interrupts
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            loop_thread.run(work)
    finally:
        signal.signal(signal.SIGINT, before)
    assert work.ended


def test_an_interrupt_between_the_start_and_the_wait_cancels_the_work_too(loop_thread: LoopThread) -> None:
    work, start = Work(), loop_thread._start

    def interrupted(job):
        start(job)
        work.begun.wait()
        raise KeyboardInterrupt

    loop_thread._start = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        loop_thread.run(work)
    assert work.ended


def test_nobody_waits_for_ever_for_work_that_does_not_end_when_it_is_closed(loop_thread: LoopThread) -> None:
    begun, ends = threading.Semaphore(0), []

    async def stubborn() -> None:
        begun.release()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    def of_a_thread() -> None:
        with pytest.raises(CancelledError):
            loop_thread.run(stubborn)
        ends.append("thread")

    async def of_a_loop() -> None:
        with pytest.raises(asyncio.CancelledError):
            await loop_thread.arun(stubborn)
        ends.append("loop")

    callers = [threading.Thread(target=of_a_thread), threading.Thread(target=lambda: asyncio.run(of_a_loop()))]
    for one in callers:
        one.start()
        begun.acquire()
    loop_thread.close()
    for one in callers:
        one.join(30)
    assert sorted(ends) == ["loop", "thread"]


def test_work_returns_raises_and_knows_its_callers_context(loop_thread: LoopThread) -> None:
    async def name(then: str) -> str:
        await asyncio.sleep(0)
        if then == "fail":
            raise LookupError(WHOSE.get())
        return WHOSE.get()

    async def both(whose: str) -> tuple[str, str]:
        WHOSE.set(whose)
        with pytest.raises(LookupError) as error:
            await loop_thread.arun(name, "fail")
        return await loop_thread.arun(name, ""), str(error.value)

    async def all_at_once() -> list[tuple[str, str]]:
        return await asyncio.gather(*map(both, "abc"))

    assert asyncio.run(all_at_once()) == [("a", "a"), ("b", "b"), ("c", "c")]
    WHOSE.set("thread")
    assert loop_thread.run(name, "") == "thread"
    with pytest.raises(LookupError, match="thread"):
        loop_thread.run(name, "fail")


def test_a_caller_whose_loop_is_gone_does_no_harm(loop_thread: LoopThread) -> None:
    go_on, begun, done = threading.Event(), threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        await asyncio.to_thread(go_on.wait)
        done.set()

    caller = asyncio.new_event_loop()
    waiting = caller.create_task(loop_thread.arun(work))
    caller.run_until_complete(asyncio.to_thread(begun.wait))
    caller.run_until_complete(caller.shutdown_default_executor())
    waiting._log_destroy_pending = False  # it is meant to be left behind
    caller.close()
    go_on.set()
    assert done.wait(30)
    assert loop_thread.run(asyncio.sleep, 0, "still there") == "still there"
