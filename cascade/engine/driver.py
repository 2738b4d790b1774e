"""The driver: answers what a flow yields, each ask through budget, deadline and the one retry loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread

from cascade.clients import Client
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
"""Seconds that a call which was broken off gets to let go; after that its request goes on without it."""

_LEFT: set[asyncio.Task[Reply]] = set()
"""What has not let go yet: an event loop holds its tasks by weak references only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Answers the asks of one request."""

    client: Client
    """Who answers model calls."""

    budget: Budget
    """What the request may still spend."""

    calls: CallRecorder = NULL_RECORDER
    """Who writes down every try."""

    slots: asyncio.Semaphore | None = None
    """How many more model calls may be in flight, where a bulk run bounds them; None: any number."""

    pool: EndpointPool | None = None
    """The endpoints with their breakers, paces and retry budgets; None: ones that no other request uses."""

    trace: RequestTrace | None = None
    """The request's trace; None: nobody records one."""

    clock: RequestClock | None = None
    """The request's clock; None: no deadline, nothing to pause."""

    async def drive(self, steps: Steps[Returned], *, on_cancel: Callable[[Returned], object] | None = None) -> Returned:
        """Run a flow to its end.

        Args:
            steps: the flow.
            on_cancel: given what came of it so far where the caller gives up; the cancellation goes on afterwards.
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
                on_cancel(_broken_off(steps, asks))
            raise

    async def _answers(self, asks: tuple[Ask, ...]) -> tuple[Reply, ...]:
        if len(asks) == 1:
            return (await self._answer(asks[0]),)
        # Where one cannot be made, the others still come to their end: they are paid for.
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
        return self.budget.overdue or reply if waited else reply

    def left_s(self) -> float | None:
        """Return how many seconds are left; None where there is no limit."""
        return None if self.clock is None else self.clock.left_s()

    async def _model(self, call: ModelCall) -> Reply:
        # Each try is metered by itself: one that is broken off or repeated may be billed too.
        async with self.slots or contextlib.nullcontext():
            if self.trace is None:
                return await self._tries(self.client, call)
            with self.trace.chat(call) as chat:
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
        except Exception as error:  # noqa: BLE001 - foreign code in a verifier: whatever it raises is its abstaining
            return CallFailure(kind=FailureKind.UNKNOWN, message=f"{type(error).__name__}: {error}", tries=0)


async def _within(work: Coroutine[Any, Any, Reply], left_s: float) -> Reply:
    """Await an answer until the deadline, also where whoever works on it is slow to let go."""
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
        task.exception()  # nobody else asks for it any more


def _late() -> CallFailure:
    return CallFailure(kind=FailureKind.DEADLINE, message="the request's deadline passed", tries=0)


def _broken_off(steps: Steps[Returned], asks: tuple[Ask, ...]) -> Returned:
    """Return what a flow comes to if nothing more is answered; it asks for nothing that takes time."""
    gone = CallFailure(kind=FailureKind.DEADLINE, message="the caller gave up", tries=0)
    return drive(steps, lambda _: gone, begun=asks)
