"""Bypassed: a request that the cascade failed, answered by the reference alone; with what failed it is one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cascade.engine.recording import Begun
from cascade.fast_replace import fast_replace
from cascade.result import Result, bypass_flags

ADDED = ("maybe_charged_usd", "maybe_charged_estimate_usd", "latency_s")
"""Fields of a result that add up over the cascade and its bypass; what was known to be paid stands in the attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypassed:
    """Why, and what was asked before."""

    why: str
    """What the cascade failed by."""

    cause: str = ""
    """The same for a flag; see `bypass.cause_of`."""

    before: Result[Any] | None = None
    """What came of the cascade, where it was held (`Runner.run`); None: nothing was asked."""

    @property
    def begun(self) -> Begun | None:
        """The decision that was begun; None for a new one."""
        return None if self.before is None else Begun(decision_id=self.before.decision_id)

    def joined(self, result: Result[Any]) -> Result[Any]:
        """Return the reference's result with the attempts before it."""
        if self.before is None:
            return result
        return fast_replace(result, attempts=(*self.before.attempts, *result.attempts))

    def changes(self, result: Result[Any], changes: dict[str, Any]) -> dict[str, Any]:
        """Return the changes of a result with those of a bypassed one."""
        added = {} if self.before is None else {name: changes[name] + getattr(self.before, name) for name in ADDED}
        flags = (*result.flags, *bypass_flags(self.cause))
        return {**changes, **added, "flags": flags, "error": result.error or self.why, "mode": "enforce"}
