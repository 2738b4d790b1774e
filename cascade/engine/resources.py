"""Resources: what a cascade opens and has to close, at the end of a block, when it is collected, or at exit."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures.thread  # noqa: F401 - registers its own end, and what is registered later ends earlier
import threading
import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cascade.clients import Client
from cascade.engine.loop_thread import LoopThread
from cascade.engine.observer import Observer
from cascade.guards.shared.shared_budgets import SharedBudgets
from cascade.log import Log


class Closing(ABC):
    """A context manager of both kinds around `close()`."""

    @abstractmethod
    def close(self) -> None:
        """Give back everything that was opened; may block."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, without blocking the caller's loop."""
        await asyncio.to_thread(self.close)


@dataclass(slots=True, weakref_slot=True, kw_only=True, eq=False)
class Resources:
    """What a cascade opened itself, and closes; it holds no reference to the cascade."""

    loop_thread: LoopThread
    """The background loop."""

    client: Client | None
    """The client; None where it is the caller's."""

    log: Log | None
    """The decision log; None where there is none, or it is the caller's."""

    observer: Observer
    """What observes."""

    shared: SharedBudgets | None = None
    """Leases of shared budgets; None where they are not shared."""

    def __post_init__(self) -> None:
        """Have the lane drained when the program ends."""
        _open.add(self)

    def drain(self) -> None:
        """Let what is observed end, within the lane's time, and write what was dropped."""
        if self.loop_thread.running and not self.loop_thread.is_current and not self.observer.lane.idle:
            self.loop_thread.run(self.observer.close)

    def close(self) -> None:
        """Close connections, stop the loop, write what waits; may be called again."""
        self.drain()
        on_loop = self.loop_thread.running and not self.loop_thread.is_current
        self.observer.flush()
        if on_loop and self.client is not None:
            self.loop_thread.run(self.client.aclose)
        if on_loop and self.shared is not None:
            self.loop_thread.run(self.shared.aclose)
        self.loop_thread.close()
        if self.log is not None:
            self.log.close()


_open: weakref.WeakSet[Resources] = weakref.WeakSet()


def _drain_all() -> None:
    for one in tuple(_open):
        one.drain()


# At exit proper no thread pool takes work any more, and a call that looks up an address needs one. Where the earlier
# hook is gone from a Python to come, calls of the lane fail at exit, and are logged as such.
getattr(threading, "_register_atexit", atexit.register)(_drain_all)
