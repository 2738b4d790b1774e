"""Case: one request to inspect."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CASES = 5
"""Maximum number of requests of one kind."""

NEAR, COSTLY, WRONG = "closest to the threshold", "costliest", "wrong but accepted"
"""Kinds of cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request."""

    decision_id: str
    """Its id in the log."""
    at: str
    """When it ended, UTC, ISO 8601."""
    outcome: str
    """Its outcome."""
    rung: str | None
    """The rung whose answer was returned."""
    confidence: float | None
    """Confidence in the first rung's answer."""
    threshold: float | None
    """Threshold of that confidence."""
    cost_usd: float
    """Cost of answers and verifiers."""
    correct: float | None = None
    """Label of the answer; None if unlabelled."""
    request: str | None = None
    """Its last message, truncated to two thousand characters; None if texts are not stored."""
    answer: str | None = None
    """The returned answer, truncated likewise."""
