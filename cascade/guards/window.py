"""Window: holds steps to so many in any run of consecutive requests, by sequence and not by any clock."""

from __future__ import annotations

import math
from bisect import bisect_right, insort

_KEPT = 4
"""Windows of history that are kept: a request that is still running after so many others is refused its step."""


class Window:
    """At most `limit` steps in any `size` consecutive requests, counted in the order in which requests began.

    A step belongs to its request, however late it is taken, so the promise holds for every run of `size` requests
    whatever the concurrency: it looks at the windows after the request as well as at those before it.
    """

    def __init__(self, *, limit: int, size: int) -> None:
        self._limit, self._size = limit, size
        self._began = 0
        self._steps: list[int] = []  # sequence numbers of the requests that took a step, in order, one each step
        self._forgotten = -math.inf  # the last request whose steps are no longer known

    def begin(self) -> int:
        """Count a request, and return its sequence number."""
        self._began += 1
        return self._began - 1

    def allows(self, sequence: int) -> bool:
        """Tell whether this request may take a (further) step.

        A window holds more than `limit` steps exactly if some `limit + 1` of them, in order, lie within its size; so
        it is enough to look at the runs of `limit + 1` that the new step would be part of.
        """
        if self._limit == 0 or sequence - self._size < self._forgotten:
            return False
        limit, place = self._limit, bisect_right(self._steps, sequence)
        around = [*self._steps[max(0, place - limit) : place], sequence, *self._steps[place : place + limit]]
        return all(last - first >= self._size for first, last in zip(around, around[limit:], strict=False))

    def take(self, sequence: int) -> None:
        """Count a step of this request; ask `allows` first."""
        insort(self._steps, sequence)
        while self._steps and self._steps[0] < self._began - _KEPT * self._size:
            self._forgotten = self._steps.pop(0)
