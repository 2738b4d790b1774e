"""Meter: stands before a client, so that every single try meets budget and log, repeated and broken-off ones too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cascade.clients import Client
from cascade.clients.live_stream import LIVE
from cascade.clients.wire import RESEND, nothing_sent
from cascade.errors import CascadeError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.fast_replace import fast_replace
from cascade.finish_reason import cut_off
from cascade.guards.budget import Admitted, Budget
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder, call_key
from cascade.guards.endpoint_pool import EndpointPool
from cascade.guards.retry import ask_with_retry

CUT_BY_RESERVE, CAPPED, ASKED_LONGER = "cut_by_reserve", "capped_by_budget", "asked_longer"
"""Flags of a response: cut off by a `max_tokens` that was learnt; by one that the budget could not pay more for; asked
once more, with the longest answer's `max_tokens`, since the first one was cut off. Both are billed."""

_TURNS = 3
"""Turns of the event loop from the bytes of an answer to its entry in the journal: so long an answer that is kept waits
before it is worked on, so that those that came with it are kept before."""


async def ask_metered(
    client: Client,
    call: ModelCall,
    budget: Budget,
    calls: CallRecorder = NULL_RECORDER,
    *,
    left_s: Callable[[], float | None],
    pool: EndpointPool | None = None,
) -> Response | CallFailure:
    """Ask a client through the one retry loop, each try paid for and written down.

    An answer that was cut off by what its reserve had learnt is asked for once more, with the full reserve; one that
    goes out as it comes has that from the beginning.

    Args:
        client: whom to ask.
        call: what to ask.
        budget: what pays.
        calls: who writes down every try.
        left_s: seconds until the request's deadline; None: there is none.
        pool: the endpoints; None: a pool of its own.
    """
    first = await _ask(
        MeteredClient(client, budget, calls, asked=call, full=LIVE.get() is not None), call, left_s, pool
    )
    if not isinstance(first, Response) or CUT_BY_RESERVE not in first.flags:
        return first
    again = await _ask(MeteredClient(client, budget, calls, asked=call, full=True), call, left_s, pool)
    flags = tuple(flag for flag in first.flags if flag != CUT_BY_RESERVE)
    kept, flag = (again, ASKED_LONGER) if isinstance(again, Response) else (fast_replace(first, flags=flags), CAPPED)
    cost_usd = None if first.cost_usd is None else first.cost_usd + (again.cost_usd or 0.0)
    return fast_replace(
        kept, flags=(*kept.flags, flag), cost_usd=cost_usd, usage=first.usage + again.usage,
        tries=first.tries + again.tries, latency_s=first.latency_s + again.latency_s,
    )  # fmt: skip


async def _ask(
    metered: MeteredClient, call: ModelCall, left_s: Callable[[], float | None], pool: EndpointPool | None
) -> Response | CallFailure:
    try:
        return await ask_with_retry(metered, call, left_s=left_s, pool=pool, admit=metered.admit)
    finally:
        metered.release()


class MeteredClient(Client):
    """A client whose tries one request pays for, one after the other, each written down before and after it is made."""

    def __init__(
        self,
        client: Client,
        budget: Budget,
        calls: CallRecorder = NULL_RECORDER,
        asked: ModelCall | None = None,
        *,
        full: bool = False,
    ) -> None:
        """Stand before a client.

        Args:
            client: who answers.
            budget: what pays.
            calls: who writes down every try.
            asked: the question as the flow asked it, where the tries of it go to several endpoints.
            full: whether the longest answer is reserved for, whatever was learnt; what an earlier run was answered is
                not taken for it.
        """
        self._client, self._budget, self._calls, self._full = client, budget, calls, full
        self._key = "" if calls is NULL_RECORDER or asked is None else call_key(asked)
        self._admitted: Admitted | None = None
        self._known: Response | None = None

    async def admit(self, call: ModelCall, left_s: float | None = None) -> CallFailure | None:
        """Wait until the next try of a call can be paid for, and reserve for it; no try's time runs meanwhile.

        Returns:
            None: it may be asked; else what it comes to.
        """
        self.release()
        self._known = None if self._full else self._calls.known(self._key_of(call))
        if self._known is not None:
            return None
        admitted = await self._budget.admit(call, full=self._full, left_s=left_s)
        if isinstance(admitted, CallFailure):
            return admitted
        self._admitted = admitted
        return None

    def release(self) -> None:
        """Give back the reserve of a try that was admitted and not made."""
        if self._admitted is not None:
            self._budget.release(self._admitted.reserved)
            self._admitted = None

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Write the intent down, ask, settle, write the outcome down.

        A call that the budget does not allow, or whose intent cannot be written down where it must be, is not made.
        Broken off (a timeout, a deadline, a caller that gave up), the reserve counts as spent: the provider may bill,
        unless nothing was sent yet.

        Raises:
            LogUnavailable: this call, or what came of it, cannot be written down.
        """
        if self._admitted is None and self._known is None and (refused := await self.admit(call)) is not None:
            return refused
        if self._known is not None:
            known, self._known = self._known, None
            return known
        assert self._admitted is not None  # noqa: S101 - admitted just now, or before
        (sent, reserved, learnt), self._admitted = self._admitted, None
        capped = sent.params is not call.params
        sent = fast_replace(call, params=sent.params) if capped else call
        try:
            worst = reserved or (0 if self._calls is NULL_RECORDER else self._budget.worst(sent))
            identity = await self._calls.begin(self._key_of(call), sent, worst, lambda: self._budget.expected(sent))
        except BaseException:
            self._budget.release(reserved)
            raise
        reply: Response | CallFailure | None = None
        made = True

        def resend() -> bool:
            nonlocal reserved
            if self._calls.each_sent:
                return False
            again = self._budget.reserve_again(sent)
            reserved += again or 0
            return again is not None

        resending = RESEND.set(resend)
        try:
            reply = await self._client.ask(sent)
            if capped and isinstance(reply, Response) and cut_off(reply):
                reply = fast_replace(reply, flags=(*reply.flags, CUT_BY_RESERVE if learnt else CAPPED))
        except CascadeError:  # the client could not make the call as it was configured
            made = False
            raise
        except asyncio.CancelledError:
            made = not nothing_sent()
            live = LIVE.get()
            reply = None if live is None else live.left
            raise
        finally:
            RESEND.reset(resending)
            charge = None
            if made:
                charge = self._budget.settle(sent, reserved, reply)
            else:
                self._budget.release(reserved)
            self._calls.end(identity, sent, reply, charge)
        if self._calls.keeps_answers:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        return reply

    def _key_of(self, call: ModelCall) -> str:
        return self._key or ("" if self._calls is NULL_RECORDER else call_key(call))

    async def warm_up(self) -> None:
        """Warm up the client."""
        await self._client.warm_up()

    async def aclose(self) -> None:
        """Do nothing: the client outlives the request."""
