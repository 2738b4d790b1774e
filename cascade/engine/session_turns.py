"""SessionTurns: how many requests of a session were made, so that the reference serves beyond a certificate's limit."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from cascade.exchange import Request
from cascade.flow.decide import SESSION_LIMIT
from cascade.guards.shared.shared_values import SharedValues
from cascade.ladder import Ladder, Rung

MOST_REMEMBERED = 100_000
"""Sessions that are remembered; the oldest are forgotten first."""

KEPT_S = 86_400.0
"""Seconds after its last request for which processes that share a store count those of a session together."""

Lacks: TypeAlias = Callable[[Rung], str | None]
Key: TypeAlias = tuple[str | None, str]


@dataclass(slots=True)
class SessionTurns:
    """Requests by session, or another group: those of this process, and of those that share a store with it.

    Others are known by the answers in a history.
    """

    most: int = MOST_REMEMBERED
    """Sessions kept."""

    values: SharedValues | None = None
    """Where processes count together; None, or while it cannot be reached: this process counts its own alone."""

    _turns: OrderedDict[Key, int] = field(default_factory=OrderedDict)

    async def lacks(self, request: Request, ladder: Ladder, limit: int | None, unfit: Lacks) -> Lacks:
        """Return what rungs lack for a request, and count it; beyond the limit of its session only the top may answer.

        Args:
            request: the request; without a session or group it has no limit.
            ladder: the ladder of its task.
            limit: requests of a session that the policy decides; None: all.
            unfit: returns what a rung lacks otherwise. Where the top cannot answer, there is no limit.
        """
        whose = request.group or request.session
        if limit is None or whose is None:
            return unfit
        before = max(self._count(whose, request.principal), _answers(request))
        if before < limit and self.values is not None:
            name = "turns:" + json.dumps((request.principal, whose))
            before = max(before, await self.values.increase(name, ttl_s=KEPT_S) or 0)
        if before < limit or unfit(ladder.top) is not None:
            return unfit
        return lambda rung: unfit(rung) or (None if rung is ladder.top else SESSION_LIMIT)

    def _count(self, whose: str, principal: str | None) -> int:
        """Count a request, and return how many came before it."""
        key = (principal, whose)
        before = self._turns.pop(key, 0)
        self._turns[key] = before + 1
        while len(self._turns) > self.most:
            self._turns.popitem(last=False)
        return before


def _answers(request: Request) -> int:
    """Return how many answers stand in the history of a request."""
    return sum(message.get("role") == "assistant" for message in request.messages)
