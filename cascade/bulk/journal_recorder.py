"""JournalRecorder: records the calls of a bulk run in its journal, so that none is paid twice after a kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from cascade.bulk.journal import Journal
from cascade.bulk.journal_index import Key
from cascade.bulk.reply_line import reply_line, reply_of
from cascade.engine.recording import Begun, RunRecorder
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure
from cascade.guards.call_recorder import CallRecorder, Charge
from cascade.log.calls import call_id, outcome_columns
from cascade.log.rows import decision_id, now_ms

Carried = tuple[int, int]
"""Picodollars that calls may have cost: at their worst case, and in the mean."""


def request_key(request: Request) -> Key:
    """Return what names a request in a journal."""
    return request.task, request.id


def request_content(request: Request) -> Any:
    """Return what a request asks: under one name, another content is another request."""
    schema = request.schema
    return [list(map(dict, request.messages)), dict(request.params), None if schema is None else dict(schema)]


class JournalRecorders(RunRecorder):
    """Creates the JournalRecorder of each request, and reports the cost paid by an earlier run."""

    def __init__(self, journal: Journal, carried: Mapping[str, Carried] | None = None) -> None:
        """Take the journal, and what calls of earlier runs may have cost, by decision id."""
        self._journal, self._carried = journal, dict(carried or {})
        self._open: dict[Key, JournalRecorder] = {}

    def begin(self, request: Request) -> Begun:
        """Return the decision of a request: the one that an earlier run began, or a new one."""
        key, content = request_key(request), request_content(request)
        identity = self._journal.opened(key, content)
        if identity is None:
            identity = decision_id(now_ms())
            self._journal.open(key, content, identity)
        most, expected = self._carried.get(identity, (0, 0))
        return Begun(decision_id=identity, maybe_pico=most, maybe_estimate_pico=expected)

    def calls(self, request: Request, then: CallRecorder) -> CallRecorder:
        """Return the call recorder of a request."""
        calls = self._open[request.task, request.id] = JournalRecorder(self._journal, then)
        return calls

    async def synced(self) -> None:
        """Wait until all answers so far are durable: a decision must not survive a power loss that its answers do not.

        Raises:
            LogUnavailable: the disk reports an error.
        """
        await self._journal.synced()

    def again_usd(self, key: Key) -> float:
        """Return and forget the US dollars that an earlier run paid for a finished request's answers."""
        calls = self._open.pop(key, None)  # None if the request never started
        return 0.0 if calls is None else calls.again_usd


class JournalRecorder(CallRecorder):
    """Call recorder that writes to the journal and to the next recorder."""

    keeps_answers = True

    def __init__(self, journal: Journal, then: CallRecorder) -> None:
        self._journal, self._then = journal, then
        self._begun: dict[str, tuple[str, int]] = {}
        self._epoch, self._tries = os.urandom(16).hex(), Counter[str]()
        self.again_usd = 0.0
        """US dollars of answers paid by an earlier run."""

    def known(self, key: str) -> Response | None:
        """Return an earlier run's answer to the same call."""
        line = self._journal.reply(key)
        if line is None:
            return None
        reply = reply_of(line)
        self.again_usd += reply.cost_usd or 0.0
        return reply

    async def begin(
        self,
        key: str,
        call: ModelCall,
        worst_pico: int,
        expected: Callable[[], int] | None = None,
        identity: str | None = None,
    ) -> str:
        """Record the intent durably before the call is made (write-ahead), under one id in journal and log.

        Raises:
            LogUnavailable: the disk is full, or the log cannot be written.
        """
        self._tries[key] += 1
        identity = identity or call_id(now_ms(), key, self._epoch, self._tries[key])
        expected_pico = worst_pico if expected is None else expected()
        self._journal.begin(key, identity, expected_pico)
        begun = False
        try:
            flushed = asyncio.ensure_future(self._journal.synced())
            try:
                await self._then.begin(key, call, worst_pico, expected, identity)
                begun = True
            finally:
                await flushed
        except BaseException:
            # The call was not made; say so, if that can still be written.
            with contextlib.suppress(LogUnavailable):
                self._journal.end(key, identity, {"outcome": outcome_columns(None, None)})
            if begun:
                self._then.end(identity, call, None, None)
            raise
        self._begun[identity] = key, expected_pico
        return identity

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Record the answer, before anything else; a try without one is only ended, and the next run repeats it."""
        key, expected_pico = self._begun.pop(identity)
        entry: dict[str, Any] | None = None
        if isinstance(reply, Response):
            entry = {"reply": reply_line(reply), "charge": None if charge is None else asdict(charge)}
        elif reply is not None or charge is None:
            entry = {"outcome": outcome_columns(reply, charge), "expected": expected_pico}
        try:
            self._journal.end(key, identity, entry)
        finally:
            self._then.end(identity, call, reply, charge)
