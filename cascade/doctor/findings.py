"""Finding: the result of one doctor check, with its severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]
"""Severity: ok; warning: it works with a caveat; error: it does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check."""

    check: str
    """Name of the check."""

    state: State
    """Severity."""

    text: str
    """Finding, with the remedy if it is not ok."""
