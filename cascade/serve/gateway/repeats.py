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
from typing import Any, NamedTuple, TypeAlias

from cascade.result import Result
from cascade.serve.gateway.refusals import key_reused, shutting_down

Identity: TypeAlias = tuple[str, str, str]

KEPT_S = 60.0
"""Seconds for which an answer can be given again."""

MOST_KEPT, MOST_KEPT_BYTES = 4096, 64 << 20
"""Answers that are kept at most, and what they may take together, roughly."""

GRACE_S = 2.0
"""Seconds for which a request runs on whose client has hung up, where its library may ask again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """What makes two requests the same."""

    owner: str
    """The key's id; '' where none is asked for."""

    path: str
    """The dialect."""

    body: str
    """The digest of the body."""

    idempotency_key: str | None = None
    """The client's own key; None: it sends none."""

    again: bool = False
    """Whether the client says that it repeats the request."""

    retries: bool = False
    """Whether its library repeats requests by itself."""

    @property
    def identity(self) -> Identity:
        """What it is found by: the client's own key, else the body."""
        named = f"key:{self.idempotency_key}" if self.idempotency_key is not None else f"body:{self.body}"
        return self.owner, self.path, named


class Answered(NamedTuple):
    """A result, and whether another request has paid for it."""

    result: Result[Any]
    replayed: bool


@dataclass(slots=True, kw_only=True)
class _Decision:
    body: str
    work: asyncio.Task[Result[Any]]
    waiters: int = 0
    ended_at: float = 0.0
    size: int = 0
    abandoned: asyncio.TimerHandle | None = field(default=None)


class Repeats:
    """Decisions that run or have just ended, by what makes requests the same; used on one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the clock."""
        self._clock = clock
        self._running: dict[Identity, _Decision] = {}
        self._kept: OrderedDict[Identity, _Decision] = OrderedDict()
        self._tasks: set[asyncio.Task[Result[Any]]] = set()
        self._bytes = 0
        self.replayed = 0
        """Requests so far that another one had paid for."""

    async def answer(self, same: Sameness, work: Callable[[], Coroutine[Any, Any, Result[Any]]]) -> Answered:
        """Answer a request, by its own work or by that of the same request before.

        Cancelling the caller cancels the work once nobody else waits for it.

        Args:
            same: what makes it the same as another.
            work: decides it.

        Raises:
            Refusal: its idempotency key came with another body, or the server ends.
            Exception: whatever the work raises.
        """
        self._forget_old()
        held = self._running.get(same.identity) or self._kept.get(same.identity)
        if held is not None and held.body != same.body:
            raise key_reused()
        joins = held is not None and (not held.work.done() or same.again or same.idempotency_key is not None)
        if held is None or not joins:
            held = self._begin(same, work)
        else:
            self.replayed += 1
        return Answered(await self._await(held, same), joins)

    def cancel(self) -> None:
        """Cancel everything that runs: the server ends."""
        for task in tuple(self._tasks):
            task.cancel()

    @property
    def running(self) -> int:
        """Decisions that run."""
        return len(self._tasks)

    def _begin(self, same: Sameness, work: Callable[[], Coroutine[Any, Any, Result[Any]]]) -> _Decision:
        task = asyncio.get_running_loop().create_task(work())
        decision = _Decision(body=same.body, work=task)
        self._drop(same.identity)
        self._running[same.identity] = decision
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(same, decision, ended))
        return decision

    async def _await(self, decision: _Decision, same: Sameness) -> Result[Any]:
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
        if grace_s:
            decision.abandoned = asyncio.get_running_loop().call_later(grace_s, decision.work.cancel)
        else:
            decision.work.cancel()

    def _ended(self, same: Sameness, decision: _Decision, task: asyncio.Task[Result[Any]]) -> None:
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


def _size(result: Result[Any]) -> int:
    """Return roughly how many bytes a result takes."""
    responses = [attempt.response for attempt in result.attempts if attempt.response is not None]
    return 4096 + sum(8 * len(one.text) + 600 * len(one.logprobs or ()) for one in responses)
