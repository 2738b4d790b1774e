"""Recorded shapes of providers' bodies, put to both clients over real connections on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from cascade.clients.direct import DirectClient
from cascade.clients.litellm import LiteLLMClient
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.usage import Price

FOLDER = Path(__file__).parents[2] / "fixtures" / "providers" / "shapes"
SHAPES = ("answer", "tools", "thinking", "logprobs", "refusal", "filter", "quota", "context", "rate_limit")
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
PROMPT = "What is the capital of France?"
PRICE = Price(input_usd=1e-6, output_usd=2e-6)


class Asked(NamedTuple):
    """One shape of one provider, put to one client."""

    provider: str
    shape: str
    client: str


def recorded() -> dict[str, dict[str, Any]]:
    """Return the recorded shapes by provider."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def cases(providers: dict[str, dict[str, Any]]) -> list[Asked]:
    """Return everything that there is to ask."""
    return [
        Asked(name, shape, client)
        for name, one in providers.items()
        for shape in SHAPES
        if shape in one["shapes"]
        for client in one["clients"]
    ]


def ask_all(providers: dict[str, dict[str, Any]], prompt: str = PROMPT) -> dict[Asked, Response | CallFailure]:
    """Put every shape to every client that speaks to its provider."""

    async def run(base: str) -> dict[Asked, Response | CallFailure]:
        clients = {"direct": DirectClient(), "litellm": LiteLLMClient()}
        try:
            return {
                asked: await clients[asked.client].ask(_call(providers[asked.provider], asked, base, prompt))
                for asked in cases(providers)
            }
        finally:
            for client in clients.values():
                await client.aclose()

    with _serving(providers) as base:
        return asyncio.run(run(base))


def _call(one: dict[str, Any], asked: Asked, base: str, prompt: str) -> ModelCall:
    thinks = asked.shape == "logprobs"
    return ModelCall(
        rung="r",
        model=one["model"],
        messages=({"role": "user", "content": prompt},),
        params={"tools": TOOLS} if asked.shape == "tools" else {},
        wishes={"logprobs": True, "top_logprobs": 1} if thinks else {},
        api_base=f"{base}/{asked.provider}/{asked.shape}{one['base']}",
        api_key="k-1234567890",
        price=PRICE,
        timeout_s=20.0,
    )


@contextmanager
def _serving(providers: dict[str, dict[str, Any]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            provider, shape = self.path.split("/")[1:3]
            one = providers[provider]["shapes"][shape.partition(":")[0]]
            body = json.dumps(one["body"]).encode()
            self.send_response(one["status"])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
