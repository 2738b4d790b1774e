"""RoutedClient: each call goes to its provider directly where that speaks Chat Completions, else through litellm."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Mapping, Sequence

from cascade.clients import Client
from cascade.clients.direct import DirectClient
from cascade.clients.litellm import PROVIDERS, LiteLLMClient
from cascade.clients.providers import speaks_chat
from cascade.dialects.error_wordings import ErrorWording
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.prices import PriceBook


class RoutedClient(Client):
    """The default client. litellm is imported only if a call needs it.

    Where proxies of the environment are to be taken (CASCADE_TRUST_ENV=1), `auto` is litellm: the direct client
    connects straight to providers.

    Args:
        prices: where prices come from; default: `PriceBook()`.
        providers: litellm's further providers, as `cascade.clients.litellm.PROVIDERS`.
        wordings: rows that go before the table of error wordings.
    """

    def __init__(
        self,
        *,
        prices: PriceBook | None = None,
        providers: Mapping[str, str] = PROVIDERS,
        wordings: Sequence[ErrorWording] = (),
    ) -> None:
        self._direct = DirectClient(prices=prices, wordings=wordings)
        self._litellm = LiteLLMClient(prices=prices, providers=providers, wordings=wordings)
        self._auto_is_litellm = os.environ.get("CASCADE_TRUST_ENV") == "1"
        self._needs_litellm = False

    def check(self, call: ModelCall) -> None:
        """Refuse what could not work with the client that the call will go to."""
        chosen = self._chosen(call)
        self._needs_litellm = self._needs_litellm or chosen is self._litellm
        chosen.check(call)

    def preload(self) -> bool:
        """Begin to import litellm where a call that was checked needs it."""
        return self._needs_litellm and self._litellm.preload()

    def warming(self, call: ModelCall) -> Awaitable[None] | None:
        """Return what to await before a call's clock starts: litellm's import, where the call goes through it."""
        return self._chosen(call).warming(call)

    async def warm_up(self) -> None:
        """Read certificates; import litellm where a call that was checked needs it."""
        await self._direct.warm_up()
        if self._needs_litellm:
            await self._litellm.warm_up()

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Put one call to its model, directly or through litellm."""
        return await self._chosen(call).ask(call)

    async def aclose(self) -> None:
        """Close the connections of both."""
        await self._direct.aclose()
        await self._litellm.aclose()

    def _chosen(self, call: ModelCall) -> Client:
        if call.client == "direct":
            return self._direct
        if call.client == "litellm" or self._auto_is_litellm or not speaks_chat(call):
            return self._litellm
        return self._direct


__all__ = ["RoutedClient"]
