"""HTTP: responses as bytes on an ASGI connection, and the watch for a client that hangs up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from cascade.dialects.inbound.server_sent_events import dumps
from cascade.exchange import EMPTY

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
"""ASGI's types, as Starlette names them."""

HEADERS: Mapping[str, str] = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Headers of every response."""


async def respond(
    send: Send, status: int, body: bytes, headers: Mapping[str, str] = EMPTY, *, kind: str = "application/json"
) -> None:
    """Send a whole response."""
    told = {**HEADERS, "content-type": kind, **headers, "content-length": str(len(body))}
    await send({"type": "http.response.start", "status": status, "headers": encoded(told)})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, value: Any, headers: Mapping[str, str] = EMPTY) -> None:
    """Send a whole response of JSON."""
    await respond(send, status, dumps(value).encode("utf-8", "surrogatepass"), headers)


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


async def hung_up(receive: Receive) -> None:
    """Return once the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Return a request's headers by lower-case name; the first of several."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), value)
    return found


def text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    """Return a header as text; None where it is absent."""
    value = headers.get(name)
    return None if value is None else value.decode("latin-1").strip()


def number(headers: Mapping[bytes, bytes], name: bytes) -> float | None:
    """Return a header as a number above 0; None where it is none."""
    try:
        found = float(text(headers, name) or "")
    except ValueError:
        return None
    return found if 0.0 < found < float("inf") else None
