"""Renewal: a policy that is void, what serves in its place, and how long that will last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cascade.display.numbers import waiting
from cascade.engine.void_policy import PROMPT_CHANGED, VOID
from cascade.log.void_rows import VoidRows
from cascade.report.values.finding import Finding, note
from cascade.report.values.format_numbers import count, dollars, percent
from cascade.stats.renewal import next_rows

MINOR = 0.5
"""Share of the latest requests from which on the void policy itself is the one that serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The renewal of a void policy."""

    why: str
    """`ladder_changed` or `prompt_changed`."""
    what: str = ""
    """What changed, in words; empty for a prompt."""
    requests: int = 0
    """Requests that the reference answered in its place."""
    observed: int = 0
    """Observed requests that a renewal can use."""
    rows: int | None = None
    """Of these, as many as the next look takes; None where its bound takes labels."""
    hours: float | None = None
    """Hours until then at the speed so far; None where it is not known."""
    usd: float | None = None
    """US dollars of observing until then; None where it is not known."""
    minor: bool = False
    """Whether most of the latest requests are still the void policy's own: another prompt is being tried beside it."""

    @property
    def changed(self) -> str:
        """What changed, in a word."""
        return "prompt" if self.why == PROMPT_CHANGED else "ladder"

    def in_short(self) -> str:
        """Return it for a report's line."""
        return f"the {self.changed} has changed: the reference serves{self._left(', ')}"

    def _left(self, before: str) -> str:
        if self.rows is None or not self.observed:
            return ""
        left = f"{before}{count(self.observed)} of {count(self.rows)} requests observed"
        if self.hours is None or self.usd is None:
            return left
        return f"{left}, {waiting(self.hours)} and {dollars(self.usd)} to go"


def renewal_of(measured: Mapping[str, Any], rows: tuple[VoidRows, ...], sha256: str | None) -> Renewal | None:
    """Return how the renewal of a policy stands; None where it is none that stands for a void one.

    Args:
        measured: its measured figures.
        rows: what the log holds of void policies, the latest last.
        sha256: its hash.
    """
    about = measured.get(VOID)
    own = [one for one in rows if one.sha256 == sha256]
    if about is None or not own:
        return None
    wanted = None if about["rows"] is None else next_rows(about["rows"], own[-1].observed)
    hours, usd = (None, None) if wanted is None else own[-1].remaining(wanted)
    return Renewal(
        why=about["why"], what=about["what"], requests=own[-1].requests, observed=own[-1].observed, rows=wanted,
        hours=hours, usd=usd, minor=about["why"] == PROMPT_CHANGED and own[-1].former > MINOR,
    )  # fmt: skip


def renewal_findings(renewals: Iterator[Renewal | None], n: int) -> Iterator[Finding]:
    """Yield the finding of the policy that serves, if it stands for a void one, and notes of others.

    Args:
        renewals: of the policies in use, the last used first.
        n: requests of the task.
    """
    for place, one in enumerate(renewals):
        if one is None:
            continue
        text = f"{count(one.requests)} requests ({percent(one.requests / n)}) were answered by the reference alone"
        if one.minor or place:
            yield note(f"{text}, since their {one.changed} is not what the policy was fitted for.")
            return
        yield Finding(text=f"{text}, since the {one.changed} has changed: {_remedy(one)}", stake="first", size=float(n))
        return


def _remedy(one: Renewal) -> str:
    what = f"{one.what} " if one.what else ""
    if one.rows is None:
        return f"{what}Certify again: `cascade certify LOG`."
    if not one.observed:
        return (
            f"{what}Have them observed and certified again unattended (observe.on_changed: renew, and `cascade serve "
            "--renew` or `cascade renew`)."
        )
    left = (
        ""
        if one.hours is None or one.usd is None
        else f", about {waiting(one.hours)} and {dollars(one.usd)} of observing"
    )
    return (
        f"{what}{count(one.observed)} of {count(one.rows)} requests are observed for the next look{left}; "
        "`cascade renew` certifies it then."
    )
