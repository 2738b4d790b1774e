"""SamplePrint: keyed fingerprints of the requests that a policy was fitted on, as a Bloom filter.

They tell the gate that it is asked to test a policy on rows that it was fitted on, which look better than others. A
content's fingerprint is its HMAC under a key that is not in the policy, so that the policy alone tells nobody whether a
text was among the samples. The filter (Bloom 1970, Communications of the ACM 13) says yes to one other content in about
100,000.
"""

from __future__ import annotations

import hmac
import math
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from cascade.errors import ConfigError
from cascade.policy.strict import STRICT

MOST_BYTES = 64 << 10
"""Greatest filter of a policy, all tasks together."""

BITS, HASHES = 24, 17
"""Bits of the filter and positions of a content."""

FALSE_HITS = 1e-5
"""Share of other contents that the filter takes for its own; (1 − e^(−17/24))^17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePrint:
    """The filter of one task's samples."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    bits: str
    """The filter's bits, in base64."""

    share: float
    """Share of the contents that are in it, in (0, 1], chosen by hash: all, unless there are too many."""

    key: str
    """Tells the key from others: the first 16 hexadecimal digits of the HMAC of nothing under it."""

    @classmethod
    def of(cls, contents: Iterable[int], key: bytes, *, most_bytes: int = MOST_BYTES) -> SamplePrint:
        """Make the filter of contents, given as 64-bit hashes; of more than fit, a share chosen by hash is taken."""
        drawn = [_digest(key, content) for content in dict.fromkeys(contents)]
        fits = most_bytes * 8 // BITS
        share = min(1.0, fits / len(drawn)) if drawn else 1.0
        kept = [digest for digest in drawn if _chosen(digest, share)]
        bits = bytearray(min(most_bytes, max(1, math.ceil(len(kept) * BITS / 8))))
        for digest in kept:
            for place in _places(digest, 8 * len(bits)):
                bits[place >> 3] |= 1 << (place & 7)
        return cls(bits=b64encode(bytes(bits)).decode("ascii"), share=share, key=key_id(key))

    def find(self, contents: Iterable[int], key: bytes) -> tuple[int, int]:
        """Return how many contents are in the filter, and how many could be, being of the share that it holds.

        Raises:
            ConfigError: the filter was made with another key.
        """
        if key_id(key) != self.key:
            message = (
                f"The key of the samples is {key_id(key)}, the policy's {self.key}; give that which it was made with."
            )
            raise ConfigError(message)
        bits = b64decode(self.bits)
        told = [digest for digest in (_digest(key, content) for content in contents) if _chosen(digest, self.share)]
        found = sum(all(bits[p >> 3] >> (p & 7) & 1 for p in _places(digest, 8 * len(bits))) for digest in told)
        return found, len(told)


def key_id(key: bytes) -> str:
    """Return what tells a key from others without telling it."""
    return hmac.digest(key, b"", "sha256").hex()[:16]


def _digest(key: bytes, content: int) -> bytes:
    return hmac.digest(key, content.to_bytes(8, "big"), "sha256")


def _chosen(digest: bytes, share: float) -> bool:
    return int.from_bytes(digest[24:], "big") < share * 2.0**64


def _places(digest: bytes, size: int) -> Iterator[int]:
    """Yield the positions of a content by double hashing (Kirsch & Mitzenmacher 2006)."""
    first, step = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big") | 1
    return ((first + i * step) % size for i in range(HASHES))
