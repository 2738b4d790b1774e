"""Resources: what a cascade opens and has to close, at the end of a block, when it is collected, or at exit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cascade.clients import Client
from cascade.engine.loop_thread import LoopThread
from cascade.engine.observer import Observer
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


@dataclass(slots=True, kw_only=True)
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

    def close(self) -> None:
        """Close connections, stop the loop, write what waits; may be called again."""
        on_loop = self.loop_thread.running and not self.loop_thread.is_current
        if on_loop and not self.observer.lane.idle:
            self.loop_thread.run(self.observer.close)
        self.observer.flush()
        if on_loop and self.client is not None:
            self.loop_thread.run(self.client.aclose)
        self.loop_thread.close()
        if self.log is not None:
            self.log.close()
