"""Wire: one HTTP request of a client library, and the reply that a cascade gives it; no HTTP library is imported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cascade.exchange import EMPTY

if TYPE_CHECKING:
    from cascade.drop_in.live import LiveReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as a client library is about to send it."""

    path: str
    """The path of its address."""

    body: bytes
    """Its body."""

    timeout_s: float | None = None
    """Seconds that the client waits for an answer; None: for ever."""

    def fields(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)

    def without(self, name: str) -> bytes | None:
        """Return the body without one of its fields; None where it has no such field, or is no JSON object."""
        try:
            fields = self.fields()
        except ValueError:
            return None
        if not isinstance(fields, dict) or name not in fields:
            return None
        return json.dumps({key: value for key, value in fields.items() if key != name}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a cascade answers."""

    status: int = 200
    """The HTTP status."""

    headers: Mapping[str, str] = EMPTY
    """Headers."""

    body: bytes = b""
    """The body, where it is no stream."""

    events: Iterator[bytes] | None = None
    """The stream's events; None: it is no stream."""

    live: LiveReply | None = None
    """The stream of an answer that is passed on as it comes; None: it is whole, or an error."""

    error: BaseException | None = None
    """The error that it tells; None: it holds an answer."""

    timeout: bool = False
    """Whether the error is a passed deadline, which clients know as a timeout."""
