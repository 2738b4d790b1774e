"""Weights of groups: a certificate is about requests, so a group of samples counts as often as it has requests.

Samples of one group (turns of a session, copies of one request) are not independent, so a group is one draw; counted
once each, the certificate would be about the mean of groups, and long sessions may be worse. A group with n requests
bets 1 + λ (n / n_max) (ε − D), D the mean loss of its requests. n_max is fixed by the part that policies are learnt
from. Beyond the n_max-th request of a session the reference serves, which loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.samples.copies import is_copy
from cascade.stats.influence import number_groups

BEYOND = 0.05
"""Share of the requests that may lie beyond n_max: with a few very long sessions inside, all bets would be small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """How often a group counts at most."""

    most: int
    """n_max: requests of a group that count; further ones are left to the reference."""

    beyond: float
    """Share of the learning part's requests that lie beyond it."""

    sessions: bool
    """Whether some group is one that the samples name, a session or a document; else all are copies of one request."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, as it stands in a certificate."""
        return {
            "risk_of": "a random request",
            "most_per_group": self.most,
            "beyond": self.beyond,
            "sessions": self.sessions,
        }

    def sentences(self) -> tuple[str, ...]:
        """Return what a certificate of groups says, as assumptions."""
        if not self.sessions:
            often = "once" if self.most == 1 else f"as often as it came, at most {self.most} times"
            return (f"Copies of one request are one draw and count {often}; near-copies are not seen.",)
        weight = (
            "Samples of one group are not independent, so a group is one draw; it counts as often as it has requests: "
            f"the risk is that of a random request. Beyond the {ordinal(self.most)} request of a session the reference "
            f"serves ({self.beyond:.1%} of the requests to learn from)."
        )
        step = "It is about one step, after a history written by the reference; whole sessions are not certified."
        return weight, step


def weigh(groups: Sequence[str | None]) -> Weighting | None:
    """Return the weighting that the groups of the learning part (n) give; None where no row has a group."""
    if not any(groups):
        return None
    places = places_in_group(groups)
    counts = np.bincount(places)  # requests that are the first, second, … of their group
    beyond = 1.0 - np.cumsum(counts) / len(places)
    most = int(np.argmax(beyond <= BEYOND + 1e-12)) + 1
    sessions = any(name is not None and not is_copy(name) for name in groups)
    return Weighting(most=most, beyond=max(0.0, float(beyond[most - 1])), sessions=sessions)


def places_in_group(groups: Sequence[str | None]) -> NDArray[np.intp]:
    """Return each row's place in its group, (n,), from 0, in the order of the rows."""
    code = number_groups(groups)
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    places = np.empty(len(code), dtype=np.intp)
    places[order] = np.arange(len(code)) - np.repeat(starts, np.diff(np.append(starts, len(code))))
    return places


def ordinal(n: int) -> str:
    """Return a place as text: 1st, 2nd, 3rd, 4th."""
    return f"{n}{'th' if n % 100 in {11, 12, 13} else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"
