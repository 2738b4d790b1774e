"""Keeping: who writes down the calls of a request, and whether they wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cascade.exchange import Request
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder
from cascade.log import Log
from cascade.log.calls import Purpose

WrapRecorder = Callable[[Request, CallRecorder], CallRecorder]
"""How a bulk run writes down a request's calls too, so that it can go on after it was broken off."""


def call_recorder(
    log: Log | None, request: Request, purpose: Purpose, keep: WrapRecorder | None, *, decision_id: str | None = None
) -> CallRecorder:
    """Return who writes down a request's calls.

    While serving, rows are handed to the log's thread and not waited for; what makes an artefact (an exploration, a
    bulk run) asks nothing before the intent is committed, power loss included.

    Args:
        log: the decision log, if there is one.
        request: whose calls.
        purpose: what for.
        keep: the bulk run's own way; None: it is none.
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
