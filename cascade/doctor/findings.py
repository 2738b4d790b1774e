"""Finding: what one check of the doctor found, and how bad that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]
"""ok; warning: it works, with a doubt; error: it does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    """What was looked at."""

    state: State
    """How bad it is."""

    text: str
    """What was found, and what to do where it is not ok."""
