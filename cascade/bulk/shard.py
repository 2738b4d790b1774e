"""Shard: one of n disjoint parts of a file's requests, chosen by a hash of the id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

from cascade.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of a partition of requests, whatever their order or file."""

    number: int
    """Which part, from 1."""

    of: int
    """Number of parts."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `3/8`.

        Raises:
            ConfigError: it is not of that form, or the number is outside 1 to the number of parts.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        number, of = (0, 0) if found is None else (int(found[1]), int(found[2]))
        if not 1 <= number <= of:
            message = f"--shard is {text!r}; a part and the number of parts was expected, as in 3/8: part 3 of 1 to 8."
            raise ConfigError(message)
        return cls(number=number, of=of)

    def has(self, identity: str) -> bool:
        """Return whether a request with this id is of this part."""
        digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=8, person=b"shard").digest()
        return int.from_bytes(digest, "big") % self.of == self.number - 1

    def path(self, output: Path) -> Path:
        """Return this part's output: `results.jsonl` becomes `results-3-of-8.jsonl`."""
        return output.with_name(f"{output.stem}-{self.number}-of-{self.of}{output.suffix}")
