"""LoggedCalls: records the calls of one request in the log, an intent before each try, updated by its outcome."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from cascade.dialects.usage import IMPLAUSIBLE
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure
from cascade.guards.call_recorder import CallRecorder, Charge
from cascade.log.rows import OUTCOMES, Entry, now_ms, timed_id
from cascade.usage import Usage

Purpose = Literal["run", "explore", "observe"]

GRACE_S = 30.0
"""Grace period, in seconds after a call's timeout, in which it may still be in flight."""

PATIENCE_S = 30.0
"""Longest wait, in seconds, of a call for the commit of its intent, where that is required."""

_MOST_PICO = 2**63 - 1


class RowSink(Protocol):
    """Sink of rows: the part of the log that calls need."""

    @property
    def name(self) -> str:
        """Display name, for messages."""

    def accept(self, entry: Entry, promise: Future[None] | None = None) -> None:
        """Queue rows; the promise is resolved once they are committed."""

    def stored_name(self, name: str) -> str:
        """Return a name as it stands in the log."""

    def stored_word(self, text: str) -> str:
        """Return a provider's word as it stands in the log."""


@dataclass(slots=True)
class _Open:
    call_id: str
    row: dict[str, Any]
    began: float


class LoggedCalls(CallRecorder):
    """Records the calls of one request; never blocks a call, unless `wait` is set."""

    def __init__(
        self,
        log: RowSink,
        request: Request,
        *,
        purpose: Purpose,
        decision_id: str | None = None,
        wait: bool = False,
        required: bool = False,
    ) -> None:
        """Take the data shared by all calls of the request.

        Args:
            log: the sink of the rows.
            request: the request that calls are made for.
            purpose: of the calls.
            decision_id: of the request's row, if it gets one.
            wait: whether a call waits until its intent is committed; if not, the intent is only queued.
            required: whether the log holds every call of a process that is killed, so that what a process has spent
                can be told from its rows: they keep its name.
        """
        self._log, self._wait, self._required = log, wait, required
        self.each_sent = required
        self._about = {
            "writer": writer_name(),
            "purpose": purpose,
            "decision_id": decision_id,
            "request_id": None if decision_id is not None else log.stored_name(request.id),
            "task": request.task,
            "principal": None if request.principal is None else log.stored_name(request.principal),
        }
        # Each run of the same request has its own calls.
        self._epoch = decision_id or os.urandom(16).hex()
        self._tries: Counter[str] = Counter()
        self._open: dict[str, _Open] = {}

    def known(self, key: str) -> Response | None:
        """Return None: the log stores no answers to replay."""
        del key
        return None

    async def begin(
        self,
        key: str,
        call: ModelCall,
        worst_pico: int,
        expected: Callable[[], int] | None = None,
        identity: str | None = None,
    ) -> str:
        """Record the intent.

        Raises:
            LogUnavailable: the intent must be committed first, and cannot be.
        """
        del expected  # the log tells what a call may cost at most
        self._tries[key] += 1
        at_ms = now_ms()
        identity = identity or call_id(at_ms, key, self._epoch, self._tries[key])
        clean = self._log.stored_name
        row = {
            "call_id": identity,
            "at_ms": at_ms,
            "until_ms": at_ms + round(1000 * (call.timeout_s + GRACE_S)),
            **self._about,
            "rung": clean(call.rung),
            "verifier": None if call.verifier is None else clean(call.verifier),
            "attempt": self._tries[key],
            "endpoint": clean(call.endpoint or _host(call.api_base)),
            "model_requested": clean(call.model),
            "worst_pico": min(worst_pico, _MOST_PICO),
            "state": "begun",
        }
        self._open[identity] = _Open(identity, row, monotonic())
        entry = Entry(rows={"calls": [row]})
        if not self._wait:
            self._log.accept(entry)
            return identity
        try:
            promise: Future[None] = Future()
            self._log.accept(entry, promise)
            await committed(promise, self._log.name)
        except asyncio.CancelledError:
            self.end(identity, call, None, None)  # the intent may be committed later, but the call was not made
            raise
        except LogUnavailable:
            if self._required:  # requests go on to be served: should the intent have been committed, it was no call
                self.end(identity, call, None, None)
            else:
                del self._open[identity]
            raise
        return identity

    def end(self, identity: str, call: ModelCall, reply: Response | CallFailure | None, charge: Charge | None) -> None:
        """Record the outcome; it updates the intent, or replaces it if that was lost (upsert)."""
        del call
        opened = self._open.pop(identity)
        row = {**opened.row, **outcome_columns(reply, charge), "ms": round(1000 * (monotonic() - opened.began))}
        if self._required:
            row["writer"] = opened.row["writer"]
        for name in ("finish_raw", "model_reported"):
            row[name] = None if row[name] is None else self._log.stored_word(row[name])
        self._log.accept(Entry(rows={OUTCOMES: [row]}))


def call_id(at_ms: int, key: str, epoch: str, attempt: int) -> str:
    """Return the id of a try: its time, and a hash of what is asked, in which run of the request, for which time."""
    return timed_id(at_ms, sha256(f"{key} {epoch} {attempt}".encode("ascii")).digest()[:6])


async def committed(promise: Future[None], name: str) -> None:
    """Wait until rows are committed to the log of that name.

    Raises:
        LogUnavailable: they cannot be, or it takes too long.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(asyncio.wrap_future(promise))
    except TimeoutError:
        message = f"The decision log {name} took more than {PATIENCE_S:g} s to write one row."
        raise LogUnavailable(message) from None


def outcome_columns(reply: Response | CallFailure | None, charge: Charge | None) -> dict[str, Any]:
    """Return the columns of a try's outcome."""
    answered = isinstance(reply, Response)
    asked = charge is not None and (reply is None or reply.tries > 0)
    state = "unsent" if not asked else "cancelled" if reply is None else "answered" if answered else "failed"
    known = reply is not None and (answered or bool(reply.cost_usd) or reply.usage.output_tokens > 0)
    usage = reply.usage if reply is not None and known else None
    return {
        "state": state,
        "until_ms": None,
        "writer": None,
        "class": None if reply is None else "ok" if isinstance(reply, Response) else reply.kind.value,
        "http_status": None if reply is None else reply.status,
        "finish_raw": (reply.finish_raw or reply.finish_reason) if isinstance(reply, Response) else None,
        "model_reported": reply.model_reported if isinstance(reply, Response) else None,
        "usage_source": "none" if usage is None else _source(reply, usage),
        "input_tokens": None if usage is None else min(usage.input_tokens, _MOST_PICO),
        "output_tokens": None if usage is None else min(usage.output_tokens, _MOST_PICO),
        "cost_est": None if reply is None else reply.cost_usd,
        "cost_reported": reply.cost_reported if isinstance(reply, Response) else None,
        "maybe_charged": asked and charge is not None and charge.maybe,
        "charged_pico": 0 if charge is None else min(charge.pico, _MOST_PICO),
    }


def _source(reply: Response | CallFailure | None, usage: Usage) -> str:
    if isinstance(reply, Response) and IMPLAUSIBLE in reply.flags:
        return "implausible"
    return "estimated" if usage.estimated else "reported"


def _host(api_base: str | None) -> str:
    return "" if api_base is None else urlsplit(api_base).netloc.rpartition("@")[2]


def writer_name() -> str:
    """Return this process's name in rows: its hashed machine and its process id."""
    return _named(os.getpid())  # a forked child has another process id, and so another name


def is_gone(writer: str) -> bool:
    """Return whether the process that wrote a row is known to have ended: it ran on this machine, and is gone."""
    machine, _, process = writer.partition("-")
    number, _, born = process.partition("-")
    try:
        return machine == _machine() and _ticks(_born(int(number, 16))) != born
    except ValueError:
        return False


def _ticks(born: str) -> str:
    return f"{int(born):x}" if born.isdecimal() else born


@lru_cache
def _named(number: int) -> str:
    return f"{_machine()}-{number:x}-{_ticks(_born(number))}"


@lru_cache
def _machine() -> str:
    """Return a hash of this machine and its last boot, so that process ids of other machines are not mixed up."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return sha256(f"{socket.gethostname()} {boot}".encode()).hexdigest()[:6]


def _born(number: int) -> str:
    """Return the start time of a process in kernel ticks, since process ids are reused; '' if it has ended."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _alive(number)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _alive(number: int) -> str:
    """Return whether a process runs, as a rougher answer without /proc."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "alive"
