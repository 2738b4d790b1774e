"""Call: one HTTP request to the gateway, as its handlers take it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cascade.dialects.inbound import chat, messages
from cascade.drop_in.route import Route
from cascade.serve.gateway.http import Receive, Scope, Send, text
from cascade.serve.gateway.keyring.key import Key, Permission

Access: TypeAlias = Literal["open", "key"] | Permission
"""Who may use a route: everybody, each key, or keys that have a permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    scope: Scope
    """ASGI's scope."""

    receive: Receive
    """Gives the body's parts, then the client's hanging up."""

    send: Send
    """Takes the response."""

    headers: Mapping[bytes, bytes]
    """Headers by lower-case name."""

    key: Key | None = None
    """Its key; None: none is asked for."""

    argument: str = ""
    """What follows the route's path."""

    @property
    def anthropic(self) -> bool:
        """Whether it is told errors and models in Anthropic's form."""
        return speaks_anthropic(self.scope, self.headers)

    def header(self, name: bytes) -> str | None:
        """Return a header as text; None where it is absent."""
        return text(self.headers, name)


Handler: TypeAlias = Callable[[Call], Awaitable[Any]]
"""Answers a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method of a path."""

    handler: Handler
    """What answers."""

    access: Access = "key"
    """Who may use it."""


def speaks_anthropic(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a request is one of Anthropic's clients."""
    return b"anthropic-version" in headers or str(scope.get("path", "")).startswith("/v1/messages")


def error_route(scope: Scope, headers: Mapping[bytes, bytes]) -> Route:
    """Return the route whose dialect tells a request's errors."""
    return Route(dialect=messages, named=True) if speaks_anthropic(scope, headers) else Route(dialect=chat)
