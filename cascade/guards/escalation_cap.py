"""The escalation cap: so many steps up the ladder in any 1,000 requests, whatever traffic asks for.

Traffic that makes every cheap answer look doubtful would otherwise buy the dear model for each request. Every step
upwards takes a token, for quality or because a provider failed; starting at the top takes none.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from cascade.errors import ConfigError

Scope = Literal["global", "principal"]

PRINCIPALS = 10_000
"""Principals that are remembered, the least recently seen forgotten first: made-up names cost no memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationCap:
    """How much of the traffic may step upwards; there is no cap unless one is set."""

    rate: float
    """Steps per request in any `window` requests, in [0, 1]. A ladder of three rungs can take two steps a request."""

    window: int = 1000
    """Requests, in the order in which they began; of all, and of each principal."""

    per_principal: bool = True
    """Whether each principal is held to the rate by itself too, in short runs already, so that one that forces steps
    is stopped before the others notice. Requests that name no principal meet the global cap only."""

    on_cap: Literal["best", "error"] = "best"
    """Whether a request that may not step up returns the best answer so far, flagged, or raises EscalationCapped."""

    def __post_init__(self) -> None:
        """Refuse what no traffic could be held to."""
        if not 0.0 <= self.rate <= 1.0:
            message = f"escalation_cap.rate is {self.rate!r}; a number in [0, 1] was expected."
            raise ConfigError(message)
        if self.window < 1 or 0.0 < self.rate * self.window < 1.0:
            message = (
                f"escalation_cap.window is {self.window} at a rate of {self.rate:g}, which allows not one step; "
                f"a window of {max(1, round(1 / self.rate + 0.5)) if self.rate else 1} or more was expected."
            )
            raise ConfigError(message)

    @property
    def limit(self) -> int:
        """Steps in any one window."""
        return int(self.rate * self.window + 1e-9)

    def dealt(self, share: float) -> EscalationCap:
        """Return the part of the cap that a process with a share of the traffic keeps to: the rate, in fewer requests.

        It allows one step at least, since less would be none at all.
        """
        if not self.rate:
            return self
        least = math.ceil(1 / self.rate - 1e-9)
        return replace(self, window=min(self.window, max(least, round(share * self.window))))

    @property
    def burst(self) -> float:
        """Steps that a principal may take at once beyond its rate: a tenth of a window's."""
        return max(1.0, self.limit / 10)


class PrincipalQuota:
    """What one principal may still take: `rate` more with each of its requests, up to a burst, and a window's limit.

    The window alone would let a principal take a whole window's steps at its start, and with them everybody's.
    """

    def __init__(self, cap: EscalationCap, *, longest: int = 0) -> None:
        self._cap = cap
        self._window = SlidingWindow(limit=cap.limit, size=cap.window, longest=longest)
        self._left = cap.burst

    def deal(self, cap: EscalationCap) -> None:
        """Take another share of the cap."""
        self._cap, self._left = cap, min(self._left, cap.burst)
        self._window.resize(limit=cap.limit, size=cap.window)

    def begin(self) -> int:
        """Count a request, and return its sequence number."""
        self._left = min(self._cap.burst, self._left + self._cap.rate)
        return self._window.begin()

    def allows(self, sequence: int) -> bool:
        """Tell whether this request may take a step."""
        return self._left >= 1.0 and self._window.allows(sequence)

    def take(self, sequence: int) -> None:
        """Count a step."""
        self._left -= 1.0
        self._window.take(sequence)


class EscalationLimiter:
    """Holds one cascade's traffic to its cap; used on one event loop, so it needs no lock."""

    def __init__(self, cap: EscalationCap) -> None:
        self.cap = cap
        """What it holds traffic to."""
        self._all = SlidingWindow(limit=cap.limit, size=cap.window)
        self._own: OrderedDict[str, PrincipalQuota] = OrderedDict()
        self._dealt = cap

    def deal(self, share: float) -> None:
        """Take another share of a cap that several processes keep to: a window of so many of its requests.

        Each process keeps to the rate by itself; the shares bound what all of them may take at once to about one
        window's steps, in place of one for each process.

        Args:
            share: this process's part of the traffic, in [0, 1].
        """
        self._dealt = self.cap.dealt(share)
        self._all.resize(limit=self._dealt.limit, size=self._dealt.window)
        for own in self._own.values():
            own.deal(self._dealt)

    def begin(self, principal: str | None) -> EscalationTicket:
        """Count a request, and return its pass upwards."""
        own: PrincipalQuota | None = None
        if self.cap.per_principal and principal is not None:
            own = self._own.pop(principal, None) or PrincipalQuota(self._dealt, longest=self.cap.window)
            self._own[principal] = own
            if len(self._own) > PRINCIPALS:
                self._own.popitem(last=False)
        return EscalationTicket(self._all, own)


class EscalationTicket:
    """One request's way upwards: asked before each step."""

    def __init__(self, everybody: SlidingWindow, own: PrincipalQuota | None) -> None:
        self._all, self._own = everybody, own
        self._sequence = everybody.begin()
        self._own_sequence = 0 if own is None else own.begin()

    def __call__(self) -> Scope | None:
        """Take a step if the cap allows it: None; else say whose cap is reached, and take nothing."""
        if self._own is not None and not self._own.allows(self._own_sequence):
            return "principal"
        if not self._all.allows(self._sequence):
            return "global"
        self._all.take(self._sequence)
        if self._own is not None:
            self._own.take(self._own_sequence)
        return None


_KEPT = 4
"""Windows of history that are kept: a request that is still running after so many others is refused its step."""


class SlidingWindow:
    """At most `limit` steps in any `size` consecutive requests, counted in the order in which requests began.

    A step belongs to its request, however late it is taken, so the promise holds for every run of `size` requests
    whatever the concurrency: it looks at the windows after the request as well as at those before it.
    """

    def __init__(self, *, limit: int, size: int, longest: int = 0) -> None:
        self._limit, self._size = limit, size
        self._longest = max(size, longest)  # of the sizes that it may be given: so much history is kept
        self._began = 0
        self._steps: list[int] = []  # sequence numbers of the requests that took a step, in order, one each step
        self._forgotten = -math.inf  # the last request whose steps are no longer known

    def resize(self, *, limit: int, size: int) -> None:
        """Hold what is to come to another limit in another number of requests; steps that were taken count on."""
        self._limit, self._size, self._longest = limit, size, max(size, self._longest)

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
        while self._steps and self._steps[0] < self._began - _KEPT * self._longest:
            self._forgotten = self._steps.pop(0)
