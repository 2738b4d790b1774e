"""KeptCalls: the calls of one request of a bulk run, in its journal, so that none is paid for again after a kill."""

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
    """Gives each request of a bulk run its KeptCalls, and says afterwards what an earlier run had paid of it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._open: dict[Key, JournalRecorder] = {}

    def keep(self, request: Request, then: CallRecorder) -> CallRecorder:
        """Return who writes down a request's calls."""
        calls = self._open[request.task, request.id] = JournalRecorder(self._journal, then)
        return calls

    def again_usd(self, key: Key) -> float:
        """Return the US dollars of a finished request's answers that an earlier run had paid for, and forget it."""
        calls = self._open.pop(key, None)  # a request that could not even be begun has none
        return 0.0 if calls is None else calls.again_usd


class JournalRecorder(CallRecorder):
    """Writes calls down in the journal, and wherever else they are written down."""

    def __init__(self, journal: Journal, then: CallRecorder) -> None:
        self._journal, self._then = journal, then
        self._keys: dict[str, str] = {}
        self.again_usd = 0.0
        """US dollars of answers that an earlier run had paid for."""

    def known(self, key: str) -> Response | None:
        """Return the answer that an earlier run got to the same question."""
        line = self._journal.reply(key)
        if line is None:
            return None
        reply = reply_of(line)
        self.again_usd += reply.cost_usd or 0.0
        return reply

    async def begin(self, key: str, call: ModelCall, worst_pico: int) -> str:
        """Write the intent down, on the disk, before the call is made.

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
        """Say that a call was not made after all, as far as that can still be written."""
        with contextlib.suppress(LogUnavailable):
            self._journal.end(key)
        if identity:
            self._then.end(identity, call, None, None)

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Keep the answer; a try without one is only ended, and made again by the next run."""
        key = self._keys.pop(identity)
        try:
            line = reply_line(reply) if isinstance(reply, Response) else None
            self._journal.end(key, line, broken_off=reply is None and charge is not None)
        finally:
            self._then.end("" if identity == key else identity, call, reply, charge)
