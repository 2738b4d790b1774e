"""Meter: stands before a client, so that every single try meets the budget, repeated and broken-off ones too."""

from __future__ import annotations

from cascade.clients import Client
from cascade.errors import CascadeError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.guards.budget import Budget


class Meter(Client):
    """A client whose tries one request pays for."""

    def __init__(self, client: Client, budget: Budget) -> None:
        self._client, self._budget = client, budget

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Reserve the worst case, ask, settle; refuse where the budget does not allow it.

        Broken off (a timeout, a deadline, a caller that gave up), the reserve counts as spent: the provider may bill.
        """
        admitted = self._budget.admit(call)
        if isinstance(admitted, CallFailure):
            return admitted
        call, reserved = admitted
        reply: Response | CallFailure | None = None
        made = True
        try:
            reply = await self._client.ask(call)
        except CascadeError:  # the client could not make the call as it was configured
            made = False
            raise
        finally:
            if made:
                self._budget.settle(call, reserved, reply)
            else:
                self._budget.release(reserved)
        return reply

    async def warm_up(self) -> None:
        """Warm up the client."""
        await self._client.warm_up()

    async def aclose(self) -> None:
        """Do nothing: the client outlives the request."""
