"""JournalRecorder: records the calls of a bulk run in its journal, so that none is paid twice after a kill."""

from __future__ import annotations

import asyncio
import contextlib

from cascade.bulk.journal import Journal, Key
from cascade.bulk.reply_line import reply_line, reply_of
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure
from cascade.guards.call_recorder import CallRecorder, Charge


class JournalRecorders:
    """Creates the JournalRecorder of each request, and reports the cost paid by an earlier run."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._open: dict[Key, JournalRecorder] = {}

    def keep(self, request: Request, then: CallRecorder) -> CallRecorder:
        """Return the call recorder of a request."""
        calls = self._open[request.task, request.id] = JournalRecorder(self._journal, then)
        return calls

    def again_usd(self, key: Key) -> float:
        """Return and forget the US dollars that an earlier run paid for a finished request's answers."""
        calls = self._open.pop(key, None)  # None if the request never started
        return 0.0 if calls is None else calls.again_usd


class JournalRecorder(CallRecorder):
    """Call recorder that writes to the journal and to the next recorder."""

    def __init__(self, journal: Journal, then: CallRecorder) -> None:
        self._journal, self._then = journal, then
        self._keys: dict[str, str] = {}
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

    async def begin(self, key: str, call: ModelCall, worst_pico: int) -> str:
        """Record the intent durably before the call is made (write-ahead).

        Raises:
            LogUnavailable: the disk is full, or the log cannot be written.
        """
        self._journal.begin(key)
        identity = ""
        try:
            flushed = asyncio.ensure_future(self._journal.synced())
            try:
                identity = await self._then.begin(key, call, worst_pico)
            finally:
                await flushed
        except BaseException:
            self._drop(key, identity, call)
            raise
        self._keys[identity or key] = key
        return identity or key

    def _drop(self, key: str, identity: str, call: ModelCall) -> None:
        """Record that a call was not made, if that can still be written."""
        with contextlib.suppress(LogUnavailable):
            self._journal.end(key)
        if identity:
            self._then.end(identity, call, None, None)

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Record the answer; a try without one is only ended, and the next run repeats it."""
        key = self._keys.pop(identity)
        try:
            line = reply_line(reply) if isinstance(reply, Response) else None
            self._journal.end(key, line, broken_off=reply is None and charge is not None)
        finally:
            self._then.end("" if identity == key else identity, call, reply, charge)
