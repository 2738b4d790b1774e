"""Tasks that neither policy nor configuration know: their flag, and the known name that is nearest."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

UNKNOWN_TASK = "unknown_task"
"""Flag of a request whose task neither the policy nor the configuration knows; reports count it, without a section."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'math'?` where a known name is near, else nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
