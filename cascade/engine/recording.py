"""Call recording: chooses the call recorder of a request, and whether calls wait for its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol

from cascade.exchange import Request
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder
from cascade.log import Log
from cascade.log.calls import Purpose
from cascade.log.rows import decision_id, now_ms
from cascade.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The decision that a request of a bulk run becomes, begun now or by an earlier run that was broken off."""

    decision_id: str
    """Its id in the log."""

    maybe_pico: int = 0
    """Picodollars that calls of earlier runs may have cost, at their worst case."""

    maybe_estimate_pico: int = 0
    """Picodollars that these have cost in the mean."""


class RunRecorder(Protocol):
    """Records the requests of a bulk run, so that the run can be resumed."""

    def begin(self, request: Request) -> Begun:
        """Return the decision of a request that is about to be run."""
        ...

    def calls(self, request: Request, then: CallRecorder) -> CallRecorder:
        """Wrap the call recorder of a request."""
        ...

    async def synced(self) -> None:
        """Wait until the answers that were recorded are durable; their decision is logged after that."""
        ...


def begin(request: Request, keep: RunRecorder | None) -> Begun:
    """Return the decision that a request becomes."""
    return Begun(decision_id=decision_id(now_ms())) if keep is None else keep.begin(request)


async def synced(work: Awaitable[Result[Any]], keep: RunRecorder | None) -> Result[Any]:
    """Return what a flow returns, once its answers are durable; its decision is logged after that.

    Raises:
        LogUnavailable: the disk of the bulk run's journal reports an error.
    """
    result = await work
    if keep is not None:
        await keep.synced()
    return result


def call_recorder(
    log: Log | None, request: Request, purpose: Purpose, keep: RunRecorder | None, *, decision_id: str | None = None
) -> CallRecorder:
    """Return the call recorder of a request.

    While serving, rows go to the log's thread without waiting. An exploration or a bulk run makes no call before its
    intent is durably committed.

    Args:
        log: the decision log; None if absent.
        request: the request.
        purpose: of the calls.
        keep: the bulk run's recorder; None for a single request.
        decision_id: of the request's row in the log.
    """
    calls: CallRecorder = NULL_RECORDER
    if log is not None and not log.read_only:
        wait = keep is not None or purpose == "explore"
        log.durable = log.durable or wait
        calls = log.calls(request, purpose=purpose, decision_id=decision_id, wait=wait)
    return calls if keep is None else keep.calls(request, calls)


def call_slots(concurrency: int) -> asyncio.Semaphore:
    """Return a semaphore that bounds a bulk run's calls in flight: as many as requests, though one may ask several."""
    return asyncio.Semaphore(max(1, concurrency))
