"""Call recording: chooses the call recorder of a request, and whether calls wait for its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cascade.exchange import Request
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder
from cascade.log import Log
from cascade.log.calls import Purpose

WrapRecorder = Callable[[Request, CallRecorder], CallRecorder]
"""Wraps a call recorder with that of a bulk run, so that the run can be resumed."""


def call_recorder(
    log: Log | None, request: Request, purpose: Purpose, keep: WrapRecorder | None, *, decision_id: str | None = None
) -> CallRecorder:
    """Return the call recorder of a request.

    While serving, rows go to the log's thread without waiting. An exploration or a bulk run makes no call before its
    intent is durably committed.

    Args:
        log: the decision log; None if absent.
        request: the request.
        purpose: of the calls.
        keep: the bulk run's wrapper; None for a single request.
        decision_id: of the request's row in the log.
    """
    calls: CallRecorder = NULL_RECORDER
    if log is not None and not log.read_only:
        wait = keep is not None or purpose == "explore"
        log.durable = log.durable or wait
        calls = log.calls(request, purpose=purpose, decision_id=decision_id, wait=wait)
    return calls if keep is None else keep(request, calls)


def call_slots(concurrency: int) -> asyncio.Semaphore:
    """Return a semaphore that bounds a bulk run's calls in flight: as many as requests, though one may ask several."""
    return asyncio.Semaphore(max(1, concurrency))
