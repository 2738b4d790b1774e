"""Request clock: how long a request has taken and may still take; imports that it waits for do not count."""

from __future__ import annotations

import time
from collections.abc import Awaitable


class RequestClock:
    """The monotonic clock of one request; used on one event loop."""

    __slots__ = ("_limit_s", "_paused_s", "_pauses", "_since", "_started")

    def __init__(self, started: float, limit_s: float | None = None) -> None:
        """Start it.

        Args:
            started: when the request was made, on the monotonic clock.
            limit_s: seconds that it may take; None: no limit.
        """
        self._started, self._limit_s = started, limit_s
        self._paused_s = self._since = 0.0
        self._pauses = 0

    def elapsed_s(self) -> float:
        """Return the seconds that the request has taken, pauses not counted."""
        now = time.monotonic()
        return now - self._started - self._paused_s - (now - self._since if self._pauses else 0.0)

    def left_s(self) -> float | None:
        """Return the seconds until the deadline; None where there is none."""
        return None if self._limit_s is None else self._limit_s - self.elapsed_s()

    async def pause_for(self, what: Awaitable[object]) -> None:
        """Await something that is no part of the request; several at once pause it once."""
        if not self._pauses:
            self._since = time.monotonic()
        self._pauses += 1
        try:
            await what
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._paused_s += time.monotonic() - self._since
