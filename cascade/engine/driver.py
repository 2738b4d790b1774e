"""The driver: runs a flow; each ask goes through budget, deadline and the retry loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread

from cascade.clients import Client
from cascade.clients.live_stream import LIVE, LiveStream
from cascade.engine.clock import RequestClock
from cascade.exchange import LocalCall, ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import drive
from cascade.flow.verify import Steps
from cascade.guards.budget import Budget
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder
from cascade.guards.endpoint_pool import EndpointPool
from cascade.guards.metered_client import ask_metered
from cascade.telemetry import RequestTrace
from cascade.verdict import Ask, Reply

Returned = TypeVar("Returned")

GRACE_S = 0.02
"""Grace period, in seconds, for a cancelled call to clean up; then its request continues without it."""

_LEFT: set[asyncio.Task[Reply]] = set()
"""Cancelled tasks still cleaning up: an event loop holds its tasks by weak references only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Answers the asks of one request."""

    client: Client
    """Answers model calls."""

    budget: Budget
    """The request's budget."""

    calls: CallRecorder = NULL_RECORDER
    """Records every try."""

    slots: asyncio.Semaphore | None = None
    """Semaphore that bounds a bulk run's model calls in flight; None: unbounded."""

    pool: EndpointPool | None = None
    """The endpoint pool: circuit breakers, rate limits and retry budgets; None: a pool for this request only."""

    trace: RequestTrace | None = None
    """The request's trace; None if not traced."""

    clock: RequestClock | None = None
    """The request's clock; None: no deadline, nothing to pause."""

    live: LiveStream | None = None
    """Where the answer of a rung that alone is asked goes as it comes; None: it is verified before."""

    async def drive(self, steps: Steps[Returned], *, on_cancel: Callable[[Returned], object] | None = None) -> Returned:
        """Run a flow to its end.

        Args:
            steps: the flow.
            on_cancel: called with the partial outcome if the caller cancels; the cancellation continues afterwards.
        """
        asks: tuple[Ask, ...] = ()
        try:
            asks = next(steps)
            while True:
                asks = steps.send(await self._answers(asks))
        except StopIteration as stop:
            returned: Returned = stop.value
            return returned
        except asyncio.CancelledError:
            if on_cancel is not None:
                on_cancel(_cancelled(steps, asks, None if self.live is None else self.live.left))
            raise

    async def _answers(self, asks: tuple[Ask, ...]) -> tuple[Reply, ...]:
        if len(asks) == 1:
            return (await self._answer(asks[0]),)
        # If one cannot be made, the others still finish: they are paid for.
        answers = await asyncio.gather(*map(self._answer, asks), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return tuple(answer for answer in answers if not isinstance(answer, BaseException))

    async def _answer(self, ask: Ask) -> Reply:
        if isinstance(ask, ModelCall) and (warming := self.client.warming(ask)) is not None:
            with contextlib.suppress(Exception):  # an import that failed fails the call in the same way, as data
                await (warming if self.clock is None else self.clock.pause_for(warming))
        left_s = self.left_s()
        if left_s is not None and left_s <= 0:
            return _late()
        work = self._local(ask) if isinstance(ask, LocalCall) else self._model(ask)
        if left_s is None:
            return await work
        reply = await _within(work, left_s)
        waited = isinstance(reply, CallFailure) and reply.kind is FailureKind.DEADLINE and not reply.tries
        left = None if self.live is None else self.live.left
        return self.budget.overdue or left or reply if waited else reply

    def left_s(self) -> float | None:
        """Return how many seconds are left; None where there is no limit."""
        return None if self.clock is None else self.clock.left_s()

    async def _model(self, call: ModelCall) -> Reply:
        # Each try is metered: a cancelled or repeated one may be billed too.
        passed_on = LIVE.set(self.live if call.live else None)
        try:
            return await self._asked(call)
        finally:
            LIVE.reset(passed_on)

    async def _asked(self, call: ModelCall) -> Reply:
        async with self.slots or contextlib.nullcontext():
            if self.trace is None:
                return await self._tries(self.client, call)
            with self.trace.chat(call, self.left_s) as chat:
                reply = await self._tries(chat.watching(self.client), call)
                chat.answered(reply)
                return reply

    async def _tries(self, client: Client, call: ModelCall) -> Response | CallFailure:
        return await ask_metered(client, call, self.budget, self.calls, left_s=self.left_s, pool=self.pool)

    async def _local(self, call: LocalCall) -> Reply:
        try:
            async with asyncio.timeout(call.timeout_s):
                if inspect.iscoroutinefunction(call.run):
                    return await call.run()
                returned: Any = await anyio.to_thread.run_sync(call.run, abandon_on_cancel=True)
                return await returned if inspect.isawaitable(returned) else returned
        except TimeoutError:
            left_s = self.left_s()
            if left_s is not None and left_s <= 0:
                raise
            return CallFailure(kind=FailureKind.TIMEOUT, message=f"took over {call.timeout_s:g} s", tries=0)
        except Exception as error:  # noqa: BLE001 - foreign code in a verifier: any exception counts as abstaining
            return CallFailure(kind=FailureKind.UNKNOWN, message=f"{type(error).__name__}: {error}", tries=0)


async def _within(work: Coroutine[Any, Any, Reply], left_s: float) -> Reply:
    """Await an answer until the deadline, even if its cancellation is slow."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task,), timeout=left_s)
    finally:
        if not task.done():
            task.cancel()
            _LEFT.add(task)
            task.add_done_callback(_forget)
            await asyncio.wait((task,), timeout=GRACE_S)
    if not task.done() or task.cancelled() or isinstance(task.exception(), TimeoutError):
        return _late()
    return task.result()


def _forget(task: asyncio.Task[Reply]) -> None:
    _LEFT.discard(task)
    if not task.cancelled():
        task.exception()  # retrieved, so that asyncio does not warn


def _late() -> CallFailure:
    return CallFailure(kind=FailureKind.DEADLINE, message="the request's deadline passed", tries=0)


def _cancelled(steps: Steps[Returned], asks: tuple[Ask, ...], left: CallFailure | None) -> Returned:
    """Return a flow's outcome if all further asks fail, the first one as it was left; makes no call."""
    if left is not None and len(asks) == 1:
        try:
            asks = steps.send((left,))
        except StopIteration as stop:
            returned: Returned = stop.value
            return returned
    gone = CallFailure(kind=FailureKind.DEADLINE, message="the caller cancelled", tries=0)
    return drive(steps, lambda _: gone, begun=asks)
