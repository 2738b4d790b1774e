"""Clients put a model call to a model and bring back its response; this module says what every client must do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure


class Client(Protocol):
    """Who answers model calls: litellm, a file of recordings, a script.

    Any object with these methods will do; one that inherits from this class needs `ask` only.
    """

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Put one call to its model, one try, and return what came back.

        What a provider or the network does wrong is returned as a `CallFailure`, never raised; a cancellation goes
        through. Retries, deadlines and budgets are the guards' business.

        Raises:
            ConfigError: the call can never be made as it is configured (a forbidden parameter, an unknown price).
        """
        ...

    def check(self, call: ModelCall) -> None:
        """Refuse at start-up what could not work later: an unknown price, a forbidden parameter. Makes no call.

        Raises:
            ConfigError: the call can never be made as it is configured.
        """
        del call

    def preload(self) -> bool:
        """Begin, in a daemon thread, the imports that the calls checked so far need; tell whether there are any."""
        return False

    def warming(self, call: ModelCall) -> Awaitable[None] | None:
        """Return what to await before a call's clock starts (an import); None if the call can be made at once."""
        del call
        return None

    async def warm_up(self) -> None:
        """Do beforehand what makes a first call slow; may be called often, and need not be called at all."""

    async def aclose(self) -> None:
        """Give back connections and files; the client is not used afterwards."""


__all__ = ["Client"]
