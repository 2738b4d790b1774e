"""A misbehaving server on loopback, and one ask of the real client against it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cascade.clients.litellm import LiteLLMClient
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.usage import Price
from tests.faults.server import Server

KEY = "sk-test-4f9a8b7c6d5e"
PRICE = Price(input_usd=1e-6, output_usd=2e-6)

Ask = Callable[..., Response | CallFailure]


@pytest.fixture
def call(server: Server) -> Callable[..., ModelCall]:
    """Make a call to the test server; the model's name says how the server behaves."""

    def make(behaviour: str = "ok", **fields: Any) -> ModelCall:
        usual = {
            "rung": "small",
            "model": f"openai/{behaviour}",
            "messages": ({"role": "user", "content": "Is it fine?"},),
            "api_base": server.url,
            "api_key": KEY,
            "timeout_s": 5.0,
            "price": PRICE,
        }
        return ModelCall(**{**usual, **fields})

    return make


@pytest.fixture
def ask(call: Callable[..., ModelCall]) -> Ask:
    """Ask once through litellm over HTTP, and close."""

    def once(behaviour: str = "ok", **fields: Any) -> Response | CallFailure:
        async def run() -> Response | CallFailure:
            client = LiteLLMClient()
            try:
                return await client.ask(call(behaviour, **fields))
            finally:
                await client.aclose()

        return asyncio.run(run())

    return once
