"""A gateway on loopback, on a thread of its own, whose cascade asks the misbehaving server."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.serve.gateway.gateway_server import GatewayServer
from cascade.serve.gateway.serving import Serving
from cascade.serve.listening import bound
from cascade.usage import Price
from tests.faults.server import Server
from verifiers import Refusal, Schema

PRICE = Price(input_usd=1e-6, output_usd=2e-6)
HI = [{"role": "user", "content": "Well?"}]


def cascade_of(server: Server, small: str = "ok", top: str = "ok", verify: Any = None, **options: Any) -> Cascade:
    """Return a cascade of two rungs whose models are named after what the server does."""
    usual: dict[str, Any] = {"api_base": server.url, "api_key": "sk-test-1234567890", "price": PRICE, "timeout_s": 5.0}
    ladder = Ladder(
        Rung(f"openai/{small}", name="small", verify=verify or (Refusal(), Schema()), **usual),
        Rung(f"openai/{top}", name="top", verify=(), **usual),
    )
    return Cascade(ladder, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the gateway answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The error's code, or its type where the dialect has no codes."""
        error = self.json()["error"]
        return str(error.get("code") or error["type"])

    def events(self) -> list[Any]:
        """Return the JSON of a stream's events."""
        lines = [line.removeprefix(b"data: ") for line in self.body.split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(line) for line in lines if line != b"[DONE]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gateway that runs."""

    port: int
    serving: Serving
    server: GatewayServer
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {"content-type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=told, body=answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        """Ask by POST; underscores in names of headers stand for hyphens."""
        return self.ask("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def chat(self, model: str = "cascade/default", messages: Any = None, **fields: Any) -> Reply:
        """Ask for a chat completion."""
        return self.post("/v1/chat/completions", {"model": model, "messages": messages or HI, **fields})

    def raw(self, content: bytes, *, shut: bool = False) -> bytes:
        """Send bytes, and return everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as opened:
            opened.sendall(content)
            if shut:
                opened.shutdown(socket.SHUT_WR)
            found = b""
            while chunk := opened.recv(65536):
                found += chunk
        return found

    def end(self) -> None:
        """Begin to drain, as at SIGTERM."""
        self.loop.call_soon_threadsafe(self.server.end)


@contextmanager
def gate(app: Cascade, settings: Any = None, *, header_s: float = 10.0, **options: Any) -> Iterator[Gate]:
    """Serve a cascade; it is closed at the end."""
    serving = Serving(app, settings, **options)
    listening = bound("127.0.0.1", 0)
    server = serving.server(header_s=header_s)
    loop = asyncio.new_event_loop()
    ran = threading.Thread(target=loop.run_until_complete, args=(server.serve(sockets=[listening]),), daemon=True)
    with app, listening:
        port = listening.getsockname()[1]
        ran.start()
        made = Gate(port=port, serving=serving, server=server, loop=loop, thread=ran)
        try:
            yield made
        finally:
            if ran.is_alive():
                made.end()
            ran.join()
            loop.close()
