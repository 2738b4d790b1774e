"""Waiting calls: what a bulk run would ask next, found by running it on the answers of its journal alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cascade.bulk.journal import Journal
from cascade.bulk.journal_recorder import JournalRecorders
from cascade.bulk.reply_line import reply_of
from cascade.bulk.waves.failed_calls import FailedCalls
from cascade.bulk.waves.work import Work
from cascade.clients import Client
from cascade.clients.batch_line import require_batches
from cascade.config import Config
from cascade.engine.recording import Begun, RunRecorder
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.call_recorder import CallRecorder, Charge, call_key
from cascade.prices import PriceBook
from cascade.settings import ObserveLimits

Missing = Literal["keep", "batch", "live"]
"""What is done about calls that expired or failed: nothing yet, asked in the next wave, or asked live at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One call that a request waits for."""

    key: str
    """Its idempotency key."""

    call: ModelCall
    """The call, at the endpoint that would be asked."""

    request: Request
    """The request."""

    decision_id: str | None
    """The request's decision; None: an exploration makes none."""


def find_waiting(
    config: Config,
    journal: Journal,
    work: Work,
    failed: FailedCalls,
    on_waiting: Callable[[Waiting], None],
    *,
    missing: Missing,
    concurrency: int = 16,
) -> None:
    """Run every request as far as the journal's answers go.

    The flow, its verifiers and its policy are those of a live run, so what is asked and decided is the same; a request
    ends at its first call without an answer. Nothing is asked, paid or logged.

    Args:
        config: ladder, policy and settings.
        journal: the answers.
        work: the requests, and what is done with them.
        failed: calls that failed in earlier waves.
        on_waiting: called with each call that has no answer.
        missing: what is done about calls that are missing.
        concurrency: requests at once.
    """
    limits = replace(config.limits, usd_per_day=None, principal_usd_per_day=None, shared=None, breaker=None)
    quiet = replace(config, limits=limits, observe=ObserveLimits())
    recorders = _Recorders(journal, failed, on_waiting, missing)
    with work.open(quiet, client=_Nothing(failed, config.price_book, work.waits_as), log=False) as app:
        work.walk(app, journal, recorders, concurrency=concurrency)


class _Nothing(Client):
    """A client that asks nothing: permanent failures are told again, all else waits."""

    def __init__(self, failed: FailedCalls, prices: PriceBook, waits_as: FailureKind) -> None:
        self._failed, self._prices = failed, prices
        self._waits = CallFailure(kind=waits_as, message="it waits for its batch", tries=0)

    def check(self, call: ModelCall) -> None:
        self._prices.quote(call.model, call.price)
        require_batches(call)

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        return self._failed.final(call_key(call)) or self._waits

    async def warm_up(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


class _Recorders(RunRecorder):
    def __init__(
        self, journal: Journal, failed: FailedCalls, on_waiting: Callable[[Waiting], None], missing: Missing
    ) -> None:
        self.journal, self.failed, self.on_waiting, self.missing = journal, failed, on_waiting, missing
        self._decisions = JournalRecorders(journal)
        self._begun: dict[tuple[str, str], str] = {}

    def begin(self, request: Request) -> Begun:
        begun = self._decisions.begin(request)
        self._begun[request.task, request.id] = begun.decision_id
        return begun

    def calls(self, request: Request, then: CallRecorder) -> CallRecorder:
        del then
        return _Recorder(self, request, self._begun.pop((request.task, request.id), None))

    async def synced(self) -> None:
        """Do nothing: no answer is new, and no decision is logged."""


class _Recorder(CallRecorder):
    def __init__(self, run: _Recorders, request: Request, decision_id: str | None) -> None:
        self._run, self._request, self._decision_id = run, request, decision_id

    def known(self, key: str) -> Response | None:
        line = self._run.journal.reply(key)
        return None if line is None else reply_of(line)

    async def begin(
        self,
        key: str,
        call: ModelCall,
        worst_pico: int,
        expected: Callable[[], int] | None = None,
        identity: str | None = None,
    ) -> str:
        del worst_pico, expected
        run = self._run
        if run.failed.final(key) is None and (run.missing == "batch" or not run.failed.is_missing(key)):
            run.on_waiting(Waiting(key=key, call=call, request=self._request, decision_id=self._decision_id))
        return identity or ""

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Do nothing: it was not asked."""
