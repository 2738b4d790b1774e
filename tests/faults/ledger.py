"""The ledger: what the test server counted, hit by hit or in sums only; what a provider would bill is the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.hit import Hit


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Sums over all hits."""

    hits: int = 0
    """Requests that arrived."""

    connections: int = 0
    """Connections that were accepted."""

    billed: int = 0
    """Requests that a provider would bill."""

    input_tokens: int = 0
    """The prompts' tokens of the billed ones, as the server counts."""

    output_tokens: int = 0
    """The answers' tokens of the billed ones, also where the answer did not arrive whole."""

    by_path: Counter[str] = field(default_factory=Counter)
    """Hits by path, without the query."""

    by_key: Counter[str] = field(default_factory=Counter)
    """Hits by the last four signs of the key."""

    by_model: Counter[str] = field(default_factory=Counter)
    """Hits by requested model."""

    by_behaviour: Counter[str] = field(default_factory=Counter)
    """Hits by what was done with them."""

    def enter(self, hit: Hit, *, charged: bool) -> None:
        """Count one hit."""
        self.hits += 1
        self.by_path[hit.path.partition("?")[0]] += 1
        self.by_key[hit.key[-4:]] += 1
        self.by_model[str(hit.body.get("model", ""))] += 1
        self.by_behaviour[hit.behaviour] += 1
        if charged:
            self.billed += 1
            self.input_tokens += hit.asked
            self.output_tokens += hit.answered or 0

    def as_dict(self) -> dict[str, Any]:
        """Return all figures, for JSON."""
        sums = {name: getattr(self, name) for name in ("hits", "connections", "billed", "input_tokens")}
        counts = {name: dict(getattr(self, name)) for name in ("by_path", "by_key", "by_model", "by_behaviour")}
        return {**sums, "output_tokens": self.output_tokens, **counts}
