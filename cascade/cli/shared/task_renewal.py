"""TaskRenewal: how the renewal of one task's policy stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cascade.cli.shared.terminal import dollars
from cascade.display.numbers import waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRenewal:
    """How the renewal of one task's policy stands."""

    task: str
    """The task."""

    state: str
    """`renewed`, `waiting`, `not certified` (the next look is at `rows`) or `needs labels`."""

    why: str
    """Why its policy is void: `ladder_changed` or `prompt_changed`."""

    observed: int = 0
    """Observed requests that the renewal can use."""

    rows: int | None = None
    """Of these, as many as the next look takes; None where a bound takes labels, or after it is renewed."""

    hours: float | None = None
    """Hours until then at the speed so far; None where it is not known."""

    usd: float | None = None
    """US dollars of observing until then; None where it is not known."""

    policy_sha256: str | None = None
    """Hash of the next policy; None where there is none."""

    reason: str = ""
    """Why it is not certified, or what it waits for."""

    def sentence(self) -> str:
        """Return it in words."""
        head = f"{self.task}: {self.why.replace('_', ' ')}, the reference serves"
        if self.state == "renewed":
            return f"{self.task}: certified again on {self.observed:,} observed requests; {self.reason}"
        if self.state == "needs labels":
            return f"{head}; its bound takes labels: `cascade certify LOG` asks for them."
        left = ""
        if self.hours is not None and self.usd is not None:
            left = f", in about {waiting(self.hours)}, for about {dollars(self.usd)} of observing"
        told = f"{self.observed:,} of {self.rows:,} requests are observed for the next look{left}"
        return f"{head}; {told}.{' ' if self.reason else ''}{self.reason}"

    @property
    def stage(self) -> tuple[Any, ...]:
        """What it takes to be said again: another state, look or reason, or a tenth of the way."""
        tenth = None if self.rows is None else 10 * self.observed // self.rows
        return self.task, self.state, self.rows, self.reason, tenth

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)
