"""A hit: one request that arrived at the test server, and what a provider would bill for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


def words(text: str) -> int:
    """Count a text's tokens as its words: simple to check by eye."""
    return len(text.split())


@dataclass(slots=True, kw_only=True)
class Hit:
    """One request that arrived."""

    path: str
    """The path asked for, with its query."""

    headers: Mapping[str, str]
    """Its headers, names in lower case."""

    body: Body
    """Its JSON body; {} where it had none."""

    method: str = "POST"
    """The method."""

    at: float = 0.0
    """When it had arrived whole, in monotonic seconds."""

    count: Callable[[str], int] = field(default=words, repr=False)
    """Counts the tokens of a text."""

    text: str = "fine"
    """What is answered, where a behaviour does not say it itself."""

    answered: int | None = None
    """The tokens of the answer that was made for it; None: none was made."""

    behaviour: str = ""
    """What was done with it."""

    sent: float | None = None
    """When its answer was on the wire, in monotonic seconds; None: it is not."""

    @property
    def key(self) -> str:
        """The key that it came with; '' without one."""
        own = self.headers.get("x-api-key") or self.headers.get("x-goog-api-key")
        return own or self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def asked(self) -> int:
        """The tokens of its prompt."""
        texts = [item.get("content") for item in self.body.get("messages", ()) if isinstance(item, dict)]
        contents = [item.get("parts") for item in self.body.get("contents", ()) if isinstance(item, dict)]
        return sum(self.count(text if isinstance(text, str) else str(text)) for text in [*texts, *contents])
