"""Lifecycle: whether the gateway takes requests; at its end, what runs has a grace period."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cascade.serve.gateway.refusals import shutting_down

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

DRAIN_S = 30.0
"""Grace period, in seconds, for requests that run when the server is to end."""


class Lifecycle:
    """Requests that are being answered; used on one event loop."""

    def __init__(self, app: Cascade) -> None:
        """Take the cascade that answers."""
        self._app = app
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = False
        """Whether the server is to end: it takes no further requests."""
        self.in_flight = 0
        """Requests that are being answered."""

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request while it is being answered.

        Raises:
            Refusal: the server is to end.
        """
        if self.draining:
            raise shutting_down()
        self.in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def drain(self, cancel: Callable[[], object], *, grace_s: float = DRAIN_S) -> None:
        """Take no further requests, and wait until those that run have ended; cancel them after the grace period."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace_s)
            return
        cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), 5.0)

    def trouble(self) -> str | None:
        """Return why requests should go elsewhere for now; None: they may come."""
        if self.draining:
            return "the server is shutting down"
        log = self._app.log
        if log is not None and not log.writable:
            return "the decision log cannot be written"
        health = [one for one in self._app.health() if one.state != "silent"]
        if health and all(one.state == "open" for one in health):
            return "every endpoint that was asked is failing (all circuit breakers are open)"
        return None
