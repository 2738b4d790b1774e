"""Finding: one unusual figure with its reason and remedy, and what is at stake, by which findings are ranked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MOST_SHOWN = 5
"""Findings shown at once; JSON has all."""

FEW = 100
"""Minimum number of requests or labels for a useful interval."""

OFTEN = 0.05
"""Failure rate from which a finding is reported."""

Stake = Literal["first", "harm", "money", "note"]
"""What is at stake. `first`: what stands against serving the cascade at all. `harm`: requests that are answered worse,
or unchecked. `money`: dollars. `note`: nothing to do; a footnote."""

_ORDER: tuple[Stake, ...] = ("first", "harm", "money", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding."""

    text: str
    """Its sentences: what was found, and what to do."""
    stake: Stake
    """What is at stake."""
    size: float = 0.0
    """How much: harm in requests, money in US dollars."""
    task: str | None = None
    """The task; None: all."""

    def __str__(self) -> str:
        """Return its sentences, after the name of its task."""
        return self.text if self.task is None else f"{self.task}: {self.text}"


def harm(size: float, text: str) -> Finding:
    """Return a finding on requests that are answered worse or unchecked."""
    return Finding(text=text, stake="harm", size=size)


def money(usd: float, text: str) -> Finding:
    """Return a finding on dollars."""
    return Finding(text=text, stake="money", size=usd)


def note(text: str) -> Finding:
    """Return a footnote."""
    return Finding(text=text, stake="note")


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by what is at stake, and by how much; equal ones stay in order."""
    return sorted(findings, key=lambda one: (_ORDER.index(one.stake), -one.size))
