"""Sameness: what makes two requests of a client the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Identity: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """What makes two requests the same."""

    owner: str
    """The key's id; '' where none is asked for."""

    path: str
    """The dialect."""

    body: str
    """The digest of the body."""

    seal: bytes = field(repr=False)
    """32 bytes that only who sends the request and its key knows: its answer is encrypted by them where it lies outside
    of this process."""

    idempotency_key: str | None = None
    """The client's own key; None: it sends none."""

    again: bool = False
    """Whether the client says that it repeats the request."""

    retries: bool = False
    """Whether its library repeats requests by itself."""

    @property
    def identity(self) -> Identity:
        """What it is found by: the client's own key, else the body."""
        named = f"key:{self.idempotency_key}" if self.idempotency_key is not None else f"body:{self.body}"
        return self.owner, self.path, named
