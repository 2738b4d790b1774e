"""WatchedAnswer: an answer that was served, beside what the reference says to the same request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedAnswer:
    """One row of the stream that watches a certificate: drawn by hash before the outcome."""

    decision_id: str
    """The decision whose answer was served."""

    task: str
    """Its task."""

    policy_sha256: str
    """Digest of the policy that made it."""

    propensity: float
    """The probability, in (0, 1], with which it was drawn."""

    rung: str | None
    """The rung whose answer was served; None: none was."""

    reference: str
    """The rung that was asked too."""

    same: bool | None
    """Whether the reference gave the same answer; None: it gave none, or was not asked."""

    reference_text: str | None = None
    """What the reference answered; None where it is the served answer itself, and where it gave none."""

    paid_usd: float = 0.0
    """US dollars that asking it cost."""
