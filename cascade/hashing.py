"""Hashing: hashed choices, content ids and fingerprints, on canonical JSON."""

from __future__ import annotations

import json
import math
from hashlib import blake2b, sha256
from typing import Any

from cascade.errors import DataError

_UNIT = 2.0**-53
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(value: Any) -> bytes:
    """Encode a JSON value the same way on every machine: sorted keys, no spaces, pure ASCII, no NaN.

    Lone surrogates and NUL are escaped, so any string that Python can hold can be hashed.

    Raises:
        DataError: the value has something that is not JSON (NaN, an object, a circular reference).
    """
    try:
        text = _CANONICAL.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"A value that must be JSON is not: {error}. Use strings, finite numbers, lists and objects only."
        raise DataError(message) from None
    return text.encode("ascii")


def unit(*, salt: str, purpose: str, task: str, rung: str, request_id: str) -> float:
    """Return the hashed choice u in [0, 1): deterministic, equal for equal arguments on every machine.

    Purpose (tie, mix, shadow, ab, …) keeps choices about one request independent of each other.
    The top 53 bits of blake2b over canonical JSON of the arguments, divided by 2^53.
    """
    digest = blake2b(canonical_json([salt, purpose, task, rung, request_id]), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * _UNIT


def content_id(value: Any) -> str:
    """Return the content id of a JSON value: 32 hexadecimal digits (128 bits)."""
    return blake2b(canonical_json(value), digest_size=16).hexdigest()


def fingerprint(value: Any) -> str:
    """Return the fingerprint of a JSON value: its sha256 as 64 hexadecimal digits, for verification of files."""
    return sha256(canonical_json(value)).hexdigest()


def rounded(confidence: float) -> float:
    """Round a confidence to 9 decimals, as at every place that computes one; NaN fails closed to 0.0.

    Vectorised and served sums differ by an ulp; without the rounding, ties would depend on which one ran.
    """
    if math.isnan(confidence):
        return 0.0
    return round(min(1.0, max(0.0, confidence)), 9)
