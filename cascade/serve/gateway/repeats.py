"""Repeats: the same request twice is one decision. While it runs, the second joins; soon after, it is answered again.

Client libraries repeat a request after a failure of the connection, mostly without an idempotency key; without this,
each of them would be paid for.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from cascade.result import Result
from cascade.serve.gateway.refusals import key_reused, shutting_down
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.sameness import Identity, Sameness
from cascade.serve.gateway.shared_repeats import SharedRepeats

Work: TypeAlias = Callable[[], Coroutine[Any, Any, Result[Any]]]
Render: TypeAlias = Callable[[Result[Any]], Rendering]

KEPT_S = 60.0
"""Seconds for which an answer can be given again."""

MOST_KEPT, MOST_KEPT_BYTES = 4096, 64 << 20
"""Answers that are kept at most, and what they may take together, roughly."""

CANCEL_S = 5.0
"""Seconds that cancelled decisions have to end when the server ends."""

GRACE_S = 2.0
"""Seconds for which a request runs on whose client has hung up, where its library may ask again at once."""


class Answered(NamedTuple):
    """What answers a request, and whether another request has paid for it."""

    given: Result[Any] | Rendering
    """The result; of another process's decision, the response that it stands for."""

    replayed: bool
    """Whether another request has paid for it."""


@dataclass(slots=True, kw_only=True)
class _Decision:
    same: Sameness
    work: asyncio.Task[Result[Any] | Rendering]
    waiters: int = 0
    ended_at: float = 0.0
    size: int = 0
    abandoned: asyncio.TimerHandle | None = field(default=None)


class Repeats:
    """Decisions that run or have just ended, by what makes requests the same; used on one event loop."""

    def __init__(self, *, shared: SharedRepeats | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what knows of the decisions of other processes (None: nothing does), and seconds that only grow."""
        self._shared, self._clock = shared, clock
        self._running: dict[Identity, _Decision] = {}
        self._kept: OrderedDict[Identity, _Decision] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._bytes = 0
        self.replayed = 0
        """Requests so far that another one had paid for."""

    async def answer(self, same: Sameness, work: Work, render: Render) -> Answered:
        """Answer a request, by its own work or by that of the same request before.

        Cancelling the caller cancels the work unless another request waits for it.

        Args:
            same: what makes it the same as another.
            work: decides it.
            render: makes the response by which another process answers a repetition.

        Raises:
            Refusal: its idempotency key came with another body, or the server ends.
            Exception: whatever the work raises.
        """
        self._forget_old()
        held = self._running.get(same.identity) or self._kept.get(same.identity)
        if held is not None and held.same.body != same.body:
            raise key_reused()
        joins = held is not None and (not held.work.done() or same.again or same.idempotency_key is not None)
        if held is None or not joins:
            held = self._begin(same, self._decided(same, work, render))
        given = await self._await(held, same)
        replayed = joins or isinstance(given, Rendering)
        self.replayed += replayed
        return Answered(given, replayed)

    def cancel(self) -> None:
        """Cancel everything that runs: the server ends."""
        for task in tuple(self._tasks):
            task.cancel()

    @property
    def running(self) -> int:
        """Decisions that run."""
        return len(self._tasks)

    async def aclose(self) -> None:
        """Cancel the decisions that no request waits for any more, and tell the other processes of those that ended."""
        self.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=CANCEL_S)
        if self._shared is not None:
            await self._shared.aclose()

    async def _decided(self, same: Sameness, work: Work, render: Render) -> Result[Any] | Rendering:
        """Decide a request, unless another process has decided the same one, or is about to."""
        shared = self._shared
        if shared is None or not same.retries:
            return await work()
        if same.again or same.idempotency_key is not None:
            found = await shared.claim(same)
            if found is not None:
                return found
        shared.begin(same)
        made = None
        try:
            result = await work()
            made = render(result)
        finally:
            shared.end(same, made)
        return result

    def _begin(self, same: Sameness, work: Coroutine[Any, Any, Result[Any] | Rendering]) -> _Decision:
        task = asyncio.get_running_loop().create_task(work)
        decision = _Decision(same=same, work=task)
        self._drop(same.identity)
        self._running[same.identity] = decision
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(same, decision, ended))
        return decision

    async def _await(self, decision: _Decision, same: Sameness) -> Result[Any] | Rendering:
        decision.waiters += 1
        if decision.abandoned is not None:
            decision.abandoned.cancel()
            decision.abandoned = None
        try:
            return await asyncio.shield(decision.work)
        except asyncio.CancelledError:
            if decision.work.cancelled():
                raise shutting_down() from None
            raise
        finally:
            decision.waiters -= 1
            if not decision.waiters and not decision.work.done():
                self._abandon(decision, GRACE_S if same.retries else 0.0)

    def _abandon(self, decision: _Decision, grace_s: float) -> None:
        if not grace_s:
            decision.work.cancel()
            return
        give_up = decision.work.cancel if self._shared is None else partial(self._look, decision)
        decision.abandoned = asyncio.get_running_loop().call_later(grace_s, give_up)

    def _look(self, decision: _Decision) -> None:
        look = asyncio.get_running_loop().create_task(self._cancel_unwanted(decision))
        self._tasks.add(look)
        look.add_done_callback(self._tasks.discard)

    async def _cancel_unwanted(self, decision: _Decision) -> None:
        """Cancel a decision that no request has waited for, unless another process got its repetition, and waits."""
        wanted = self._shared is not None and await self._shared.is_wanted(decision.same)
        if not decision.waiters and not decision.work.done():
            self._abandon(decision, GRACE_S if wanted else 0.0)

    def _ended(self, same: Sameness, decision: _Decision, task: asyncio.Task[Result[Any] | Rendering]) -> None:
        self._tasks.discard(task)
        held = self._running.get(same.identity) is decision
        if held:
            del self._running[same.identity]
        if not task.cancelled() and task.exception() is None and held:  # a failure is not given again
            decision.ended_at, decision.size = self._clock(), _size(task.result())
            self._kept[same.identity] = decision
            self._bytes += decision.size

    def _forget_old(self) -> None:
        until = self._clock() - KEPT_S
        while self._kept:
            identity, oldest = next(iter(self._kept.items()))
            crowded = len(self._kept) > MOST_KEPT or self._bytes > MOST_KEPT_BYTES
            if oldest.ended_at > until and not crowded:
                return
            self._drop(identity)

    def _drop(self, identity: Identity) -> None:
        decision = self._kept.pop(identity, None)
        if decision is not None:
            self._bytes -= decision.size


def _size(given: Result[Any] | Rendering) -> int:
    """Return roughly how many bytes something takes."""
    if isinstance(given, Rendering):
        return len(given.content)
    responses = [attempt.response for attempt in given.attempts if attempt.response is not None]
    return 4096 + sum(8 * len(one.text) + 600 * len(one.logprobs or ()) for one in responses)
