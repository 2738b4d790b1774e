"""Expected charge: what a try without a usable answer has cost in the mean, between nothing and its worst case."""

from __future__ import annotations

from cascade.failure import CallFailure, FailureKind

_ANSWERED = frozenset({"headers", "body", "done"})

SURE, EVEN, HARDLY = 1.0, 0.5, 0.1
"""Probabilities that a try was billed: the model ran; unknown; no model answers like that."""


def charge_chance(failure: CallFailure | None) -> float:
    """Return the chance that a try was billed that may have been.

    Providers bill what a model has read and written, also after the client has gone. So the question is how far
    the try got: an answer that had begun was made by a model; where the connection broke before, the model may never
    have seen the request; a try without an answer in time may still be running.

    Args:
        failure: what came; None: it was broken off while the model was asked.
    """
    if failure is None:
        return SURE
    if failure.kind is FailureKind.BAD_BODY and "html" in (failure.content_type or ""):
        return HARDLY  # a login page or a proxy's
    if failure.kind in {FailureKind.DROPPED, FailureKind.UNKNOWN}:
        return SURE if failure.phase in _ANSWERED else EVEN
    return SURE
