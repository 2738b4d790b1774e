"""Case: one request that is worth looking at."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CASES = 5
"""Requests that are shown of one kind."""

NEAR, COSTLY, WRONG = "closest to the threshold", "costliest", "wrong but accepted"
"""What makes a request worth a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request."""

    decision_id: str
    """Its name in the log."""
    at: str
    """When it ended, UTC, ISO 8601."""
    outcome: str
    """How it ended."""
    rung: str | None
    """Whose answer was returned."""
    confidence: float | None
    """Of the first rung's answer."""
    threshold: float | None
    """What that was held against."""
    cost_usd: float
    """Answers and verifiers."""
    correct: float | None = None
    """How right the answer was, where it is labelled."""
    request: str | None = None
    """Its last message, cut to the first two thousand characters; None: texts are not stored."""
    answer: str | None = None
    """What was returned, cut alike."""
