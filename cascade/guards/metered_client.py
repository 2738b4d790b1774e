"""Meter: stands before a client, so that every single try meets budget and log, repeated and broken-off ones too."""

from __future__ import annotations

import asyncio

from cascade.clients import Client
from cascade.clients.wire import still_connecting
from cascade.errors import CascadeError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.fast_replace import fast_replace
from cascade.finish_reason import cut_off
from cascade.guards.budget import Budget
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder, call_key


class MeteredClient(Client):
    """A client whose tries one request pays for, each written down before it is made and after it ended."""

    def __init__(
        self, client: Client, budget: Budget, calls: CallRecorder = NULL_RECORDER, asked: ModelCall | None = None
    ) -> None:
        """Stand before a client.

        Args:
            client: who answers.
            budget: what pays.
            calls: who writes down every try.
            asked: the question as the flow asked it, where the tries of it go to several endpoints.
        """
        self._client, self._budget, self._calls = client, budget, calls
        self._key = "" if calls is NULL_RECORDER or asked is None else call_key(asked)

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Reserve the worst case, write the intent down, ask, settle, write the outcome down.

        A call that the budget does not allow, or whose intent cannot be written down where it must be, is not made.
        Broken off (a timeout, a deadline, a caller that gave up), the reserve counts as spent: the provider may bill,
        unless no connection stood yet.

        Raises:
            LogUnavailable: this call, or what came of it, cannot be written down.
        """
        key = self._key or ("" if self._calls is NULL_RECORDER else call_key(call))
        known = self._calls.known(key)
        if known is not None:
            return known
        admitted = self._budget.admit(call)
        if isinstance(admitted, CallFailure):
            return admitted
        asked, (call, reserved) = call, admitted
        try:
            identity = await self._calls.begin(key, call, reserved or self._budget.worst(call))
        except BaseException:
            self._budget.release(reserved)
            raise
        reply: Response | CallFailure | None = None
        made = True
        try:
            reply = await self._client.ask(call)
        except CascadeError:  # the client could not make the call as it was configured
            made = False
            raise
        except asyncio.CancelledError:
            made = not still_connecting()
            raise
        finally:
            charge = None
            if made:
                charge = self._budget.settle(call, reserved, reply)
            else:
                self._budget.release(reserved)
            self._calls.end(identity, call, reply, charge)
        if isinstance(reply, Response) and call.params is not asked.params and cut_off(reply):
            return fast_replace(reply, flags=(*reply.flags, "capped_by_budget"))
        return reply

    async def warm_up(self) -> None:
        """Warm up the client."""
        await self._client.warm_up()

    async def aclose(self) -> None:
        """Do nothing: the client outlives the request."""
