"""RequestWriter: what a call through litellm would send to its provider, written and not sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import httpx

from cascade.clients.litellm import LiteLLMClient
from cascade.clients.transport import Transport, WireError
from cascade.dialects.history import for_receiver, without_new_thinking
from cascade.errors import ConfigError
from cascade.exchange import ModelCall
from cascade.failure import CallFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRequest:
    """One request."""

    body: Mapping[str, Any]
    """Its body, in the provider's own form."""

    headers: Mapping[str, str]
    """Its headers, the key's among them; names are lower case."""

    dropped: tuple[str, ...]
    """Flags for what of the call is not in it."""


class _Catching(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.caught: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.caught = request
        message = "It was written, and is not sent."
        raise WireError(message, request=request)


class RequestWriter:
    """Writes requests as the litellm that is installed does; a context manager. litellm is imported by the first."""

    def __init__(self) -> None:
        """Take nothing yet."""
        self._transport = _Catching()
        # A loop of its own: calls are written from inside of another one.
        self._thread: ThreadPoolExecutor | None = None
        self._client: LiteLLMClient | None = None
        self._runner: asyncio.Runner | None = None

    def write(self, call: ModelCall) -> WrittenRequest:
        """Return the request of a call.

        Raises:
            ConfigError: litellm makes none of it.
        """
        from json import loads

        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="cascade-request-writer")
        reply, request = self._thread.submit(self._written, call).result()
        if request is None:
            message = f"Rung {call.rung}: {call.model} cannot be asked: {reply.message}"
            raise ConfigError(message)
        messages, dropped = for_receiver(call)
        _, _, unthought = without_new_thinking(messages, dict(call.params), call)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return WrittenRequest(body=loads(request.content), headers=headers, dropped=(*dropped, *unthought))

    def _written(self, call: ModelCall) -> tuple[CallFailure, httpx.Request | None]:
        self._runner = self._runner or asyncio.Runner()
        self._client = self._client or LiteLLMClient(transport=self._transport)
        self._transport.caught = None
        reply = self._runner.run(self._client.ask(call))
        assert isinstance(reply, CallFailure)  # noqa: S101 - its transport answers nothing
        return reply, self._transport.caught

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.submit(self._close).result()
            self._thread.shutdown()

    def _close(self) -> None:
        if self._runner is not None:
            if self._client is not None:
                self._runner.run(self._client.aclose())
            self._runner.close()
