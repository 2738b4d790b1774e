"""Routes: which of a client library's requests a cascade answers, and in which dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from cascade.dialects.inbound import chat, messages, responses
from cascade.exchange import EMPTY

Library = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address that a cascade answers."""

    dialect: ModuleType
    """Its dialect: `read`, `write`, `chunks`, `error`."""

    named: bool = False
    """Whether events of its streams have names."""


ROUTES: Mapping[Library, Mapping[str, Route]] = {
    "openai": {
        "/chat/completions": Route(dialect=chat),
        "/responses": Route(dialect=responses, named=True),
    },
    "anthropic": {"/v1/messages": Route(dialect=messages, named=True)},
}
"""By library, the ends of the addresses that a cascade answers; everything else goes to the original client."""


def route_of(library: Library, path: str) -> Route | None:
    """Return the route of a path; None where the original client answers it."""
    return next((route for end, route in ROUTES.get(library, EMPTY).items() if path.endswith(end)), None)
