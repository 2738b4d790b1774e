"""A reply: what the test server puts on the wire, and where it breaks off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server puts on the wire."""

    payload: bytes = b""
    """The body; in place of the whole answer where `raw`."""

    status: int = 200
    """The HTTP status."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers, which win over the usual ones."""

    raw: bool = False
    """True: the payload goes on the wire as it is, without a status line or headers."""

    sent: Literal["all", "nothing", "headers", "half"] = "all"
    """How much goes out before `then`; half: the headers and the body's first half."""

    then: Literal["go on", "hang", "close", "reset"] = "go on"
    """What comes then: the next request, silence until the server is closed, an orderly end (FIN), a reset (RST)."""

    drip_s: float | None = None
    """Seconds between one byte of the body and the next; None: all at once."""

    times: int = 1
    """How often the payload is sent, one after the other, as one body."""

    unread: bool = False
    """True: it comes as soon as a connection is accepted, before a request is read; only where it is scripted, or is
    what the server does with everything."""

    billed: bool | None = None
    """Whether a provider would bill it; None: it would with status 200, 408 and 504."""

    @property
    def charged(self) -> bool:
        """Whether a provider would bill it."""
        return self.status in {200, 408, 504} if self.billed is None else self.billed


def as_json(value: Any, **fields: Any) -> Reply:
    """Make a reply of a JSON value; NaN is written as such, as careless servers do."""
    return Reply(payload=json.dumps(value).encode(), **fields)


def refusal(status: int, message: str, *, code: str | None = None, **fields: Any) -> Reply:
    """Make an error reply in OpenAI's form."""
    return as_json(
        {"error": {"message": message, "type": "error", "param": None, "code": code}}, status=status, **fields
    )
