"""RefutedTasks: where watching has refuted a certificate, the reference serves until another policy does.

The log is asked at the first request of a task under a policy, and every minute after that, beside the requests. What
was refuted once stays refuted under that policy in this process; the log says it to the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cascade.errors import CascadeError
from cascade.flow.decide import REFUTED
from cascade.ladder import Ladder, Rung
from cascade.log import Log
from cascade.policy.policy import Policy

CHECK_S = 60.0
"""Seconds between two looks at the log."""

Lacks: TypeAlias = Callable[[Rung], str | None]
Key: TypeAlias = tuple[str, str]

_log = logging.getLogger("cascade.observe")


@dataclass(slots=True, kw_only=True)
class RefutedTasks:
    """Refuted certificates by policy and task; used on one event loop."""

    log: Log | None
    """The decision log; without one nothing is watched."""

    on_refuted: Literal["alarm", "reference"]
    """`alarm`: a refuted certificate changes no decision."""

    _checked: dict[Key, float] = field(default_factory=dict)
    _refuted: set[Key] = field(default_factory=set)
    _known: set[Key] = field(default_factory=set)
    _looking: dict[Key, asyncio.Task[None]] = field(default_factory=dict)

    async def lacks(self, task: str, policy: Policy | None, ladder: Ladder, unfit: Lacks) -> Lacks:
        """Return what rungs lack for a request: where its certificate is refuted only the top may answer.

        Args:
            task: the request's task.
            policy: what it runs by.
            ladder: the ladder of its task.
            unfit: returns what a rung lacks otherwise. Where the top cannot answer, the others may.
        """
        own = None if policy is None else policy.tasks.get(task)
        if self.on_refuted == "alarm" or self.log is None or policy is None or own is None or not own.certified:
            return unfit
        key = (policy.sha256, task)
        if key not in self._refuted:
            await self._look(key, policy, self.log)
        if key not in self._refuted or unfit(ladder.top) is not None:
            return unfit
        return lambda rung: unfit(rung) or (None if rung is ladder.top else REFUTED)

    async def _look(self, key: Key, policy: Policy, log: Log) -> None:
        """Look into the log where it is time; wait for the first look alone."""
        first, now = key not in self._checked, time.monotonic()
        if first or now - self._checked[key] >= CHECK_S:
            self._checked[key] = now
            work = asyncio.create_task(asyncio.to_thread(self._read, key, policy, log))
            self._looking[key] = work
        looking = self._looking.get(key)
        if looking is not None and (looking.done() or not self._waited(key)):
            await asyncio.shield(looking)
            self._known.add(key)
            self._looking.pop(key, None)

    def forget(self) -> None:
        """Drop looks that belonged to a parent process's event loop."""
        self._looking.clear()
        self._checked.clear()

    def _waited(self, key: Key) -> bool:
        """Return whether a look has ended before, so that no request waits for the next one."""
        return key in self._known

    def _read(self, key: Key, policy: Policy, log: Log) -> None:
        from cascade.log.watched_stream import watched_stream
        from cascade.stats.watched_certificate import watch_of

        sha256, task = key
        certified = sum(bool(one.certified) for one in policy.tasks.values())
        try:
            watch = watch_of(watched_stream(log, sha256, task), policy.tasks[task].certificate or {}, certified)
        except CascadeError as error:
            _log.warning("It cannot be told whether the certificate of task %s is refuted: %s", task, error)
            return
        if watch is not None and watch.state == "refuted":
            self._refuted.add(key)
            _log.warning(
                "The certificate of task %s is refuted by watching it (policy %s): the reference serves it until "
                "another policy does.", task, sha256[:12],
            )  # fmt: skip
