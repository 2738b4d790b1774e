"""Finding: one unusual figure with its reason and remedy, and what is at stake, by which findings are ranked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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

MOST_NAMED = 3
"""Further tasks that a finding of several names."""

# A figure or a moment by itself: digits within a name (gpt-4, llama-3.1-8b) tell what the finding is about.
_FIGURES = re.compile(r"(?<![\w./:@-])(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?|\d[\d.,]*+)(?![\w/@-]|:\w)")
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


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings of several tasks that differ in figures only as one, that of the greatest with the others named.

    Their sizes are added, so that what is the matter everywhere is ranked by all of it.
    """
    alike: dict[tuple[str, str, int] | int, list[Finding]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for number, one in enumerate(ranked(findings)):
        key: tuple[str, str, int] | int = number
        if one.task is not None:
            text = _FIGURES.sub("#", one.text)
            key = one.stake, text, seen[one.task, text]  # a task's second one of a kind is another finding
            seen[one.task, text] += 1
        alike.setdefault(key, []).append(one)
    return ranked(
        replace(same[0], text=f"{same[0].text}{_others(same[1:])}", size=sum(one.size for one in same))
        for same in alike.values()
    )


def _others(same: Sequence[Finding]) -> str:
    if not same:
        return ""
    named = ", ".join(str(one.task) for one in same[:MOST_NAMED])
    if len(same) <= MOST_NAMED:
        return f" The same of {named}."
    return f" The same of {len(same):,} other tasks: {named}, …"


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by what is at stake, and by how much; equal ones stay in order."""
    return sorted(findings, key=lambda one: (_ORDER.index(one.stake), -one.size))
