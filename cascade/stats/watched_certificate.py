"""Watched certificate: what the stream of watched answers shows about the bounds of a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cascade.stats.watched_promise import WatchedPromise, watch_promise

DAY_MS = 86_400_000

WATCHABLE = ("max_disagreement", "max_loss", "max_error")
"""Kinds of bounds that the stream can test."""


class WatchedRows(Protocol):
    """A stream of watched answers, one entry a row; NaN where it is not known."""

    @property
    def at_ms(self) -> Sequence[float]:
        """When it was served, Unix milliseconds."""

    @property
    def same(self) -> Sequence[float]:
        """1 where the reference gave the same answer, else 0."""

    @property
    def by_reference(self) -> Sequence[float]:
        """1 where the reference's own answer was served, else 0."""

    @property
    def served(self) -> Sequence[float]:
        """The label of the served answer."""

    @property
    def reference(self) -> Sequence[float]:
        """The label of the reference's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a stream of watched answers shows about a certificate."""

    state: str
    """`refuted`: a bound is not kept. `holds`: all are. `too few`: neither is shown yet. `not watched`: no stream."""
    n: int = 0
    """Watched answers."""
    harmed: int = 0
    """Of these, known to be harmed."""
    unknown: int = 0
    """Of these, without the label, or the answer of the reference, that would tell."""
    against: float = 1.0
    """Evidence against the certificate, an e-value; refuted from `enough` on."""
    in_favour: float = 1.0
    """Evidence for it, an e-value; it holds from `enough` on."""
    refuted_after: int | None = None
    """Number of watched answers after which it was refuted; None if it is not."""
    enough: float = 0.0
    """The e-value that decides: 1 / δ, with δ divided over the certified tasks and bounds."""


def judged_by(certificate: Mapping[str, Any]) -> str | None:
    """Return whose sameness a bound on disagreement is about, `judge:NAME` or a function's name; None: the reader's."""
    by = ((certificate.get("disagreement") or {}).get("sameness") or {}).get("by", "reader")
    return None if by == "reader" else str(by)


def watch_of(stream: WatchedRows | None, certificate: Mapping[str, Any], tasks: int) -> Watch | None:
    """Return what the stream shows about a certificate; None where nothing is certified.

    Several bounds are one promise: it is refuted where one of them is, each at its part of δ, and holds where all do.

    Args:
        stream: the watched answers of this policy; None: there are none.
        certificate: of the policy for this task.
        tasks: the certified tasks of the policy, over which δ is divided.
    """
    if not certificate.get("certified"):
        return None
    bounds = list(_bounds(certificate))
    if stream is None or not len(stream.at_ms) or not bounds:
        return Watch(state="not watched")
    delta = float(certificate.get("delta") or 0.1) / max(tasks, 1)
    whose = judged_by(certificate)
    found = [_tested(stream, kind, bound, delta / len(bounds), whose) for kind, bound in bounds]
    states = [one.state for one in found]
    state = "refuted" if "refuted" in states else "holds" if {*states} == {"holds"} else "too few"
    worst = max(found, key=lambda one: (one.state == "refuted", one.unknown))
    return Watch(
        state=state, n=worst.n, harmed=worst.harmed, unknown=worst.unknown, against=max(o.against for o in found),
        in_favour=min(one.in_favour for one in found), refuted_after=worst.refuted_at, enough=len(bounds) / delta,
    )  # fmt: skip


def _bounds(certificate: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    bound: Mapping[str, Any] = certificate.get("bound") or {}
    parts = bound.get("value") if bound.get("kind") == "together" else [bound]
    for one in parts if isinstance(parts, list) else []:
        value = one.get("value")
        if one.get("kind") in WATCHABLE and not one.get("dimension") and isinstance(value, float) and 0.0 < value < 1.0:
            yield one["kind"], value


def _tested(stream: WatchedRows, kind: str, bound: float, delta: float, whose: str | None) -> WatchedPromise:
    same, ours, theirs = (np.asarray(one) for one in (stream.same, stream.served, stream.reference))
    days = (np.asarray(stream.at_ms) // DAY_MS).astype(int)
    order = np.argsort(np.asarray(stream.at_ms), kind="stable")
    least = 0.0
    if kind == "max_disagreement" and whose is not None:
        # The stream was compared by the reader: what it does not call the same, a judge or a function may; and what it
        # calls the same, a function may not.
        alike = (same == 1.0) & whose.startswith("judge:")
        low, high = np.zeros_like(same), np.where(alike, 0.0, 1.0)
    elif kind == "max_disagreement":
        low, high = np.where(same == 1.0, 0.0, np.where(same == 0.0, 1.0, 0.0)), np.where(same == 1.0, 0.0, 1.0)
    elif kind == "max_loss":
        known = ~np.isnan(ours) & ~np.isnan(theirs)
        loss, least = np.nan_to_num(theirs) - np.nan_to_num(ours), -1.0
        low = np.where(same == 1.0, 0.0, np.where(known, loss, 0.0))
        high = np.where(same == 1.0, 0.0, np.where(known, loss, 1.0))
    else:  # the error among answers that were accepted below the top
        order = order[np.asarray(stream.by_reference)[order] == 0.0]
        low, high = np.where(np.isnan(ours), 0.0, 1.0 - ours), np.where(np.isnan(ours), 1.0, 1.0 - ours)
    return watch_promise(
        low[order].tolist(), high[order].tolist(), days[order].tolist(), bound=bound, delta=delta, least=least
    )
