"""Text scorer: a linear classifier over hashed words of prompt and answer; fitted by calibrate, served as weights.

P(right) = 1 / (1 + exp(−z)), z = b + Σ over prompt and answer of Σ w[h] / √n: the sum runs over the n different
buckets h of a text's words and pairs of neighbouring words. Weights are whole numbers times one scale, so that the
sum is exact in any order and on any machine.

Source: FrugalGPT's scorer (Chen et al. 2023, arXiv 2305.05176), with a linear model instead of DistilBERT; feature
hashing: Weinberger et al. 2009 (arXiv 0902.2206).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias
from zlib import crc32

from annotated_types import Ge, Le
from pydantic import ConfigDict

from cascade.errors import ConfigError
from cascade.exchange import Request, Response, text_of
from cascade.policy.strict import STRICT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

BITS = 12
BUCKETS = 1 << BITS
"""Buckets that words are hashed into."""

MOST_CHARACTERS = 4000
"""Characters of the prompt, and of the answer, that are read: the first half and the last half of so many."""

NOT_FITTED = "not_fitted"
"""Flag of a verdict of a verifier that learns, where no policy holds its weights: it abstains by design."""

Buckets: TypeAlias = "tuple[NDArray[np.uint16], NDArray[np.uint16]]"
"""The buckets of a prompt's words and pairs, and those of an answer's: each once, rising."""

# Scripts without spaces are read character by character, so that pairs are pairs of characters.
_SPACELESS = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_SPACELESS}]|[^\W_{_SPACELESS}]+|[^\w\s]|_")
_PROMPT, _ANSWER = crc32(b"prompt"), crc32(b"answer")
# Odd numbers near 2^64 / φ and 2^64 / √2: products with them spread over all bits.
_MIX, _PAIR = 0x9E3779B97F4A7C15, 0xB504F333F9DE6485


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScorer:
    """A fitted scorer of one rung's answers to one task."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    intercept: float
    """Log-odds without any word."""

    scale: Annotated[float, Ge(0.0), Le(1e3)]
    """Log-odds of a weight of 1."""

    weights: str
    """The weights of the buckets: whole numbers from −127 to 127, a byte each, in base 64."""

    n: Annotated[int, Ge(1)]
    """Labelled answers that it was fitted on."""

    def __post_init__(self) -> None:
        """Validate the weights.

        Raises:
            ConfigError: they are not base 64, or not one byte a bucket.
        """
        _decoded(self.weights)

    def score(self, buckets: Buckets) -> float:
        """Return the probability, in [0, 1], that an answer of such words is right."""
        import numpy as np

        table = _decoded(self.weights)
        log_odds = self.intercept
        for part in buckets:
            if len(part):
                log_odds += self.scale * int(table[part].sum(dtype=np.int64)) / math.sqrt(len(part))
        return round(1.0 / (1.0 + math.exp(-min(max(log_odds, -30.0), 30.0))), 9)


def hash_words(request: Request, response: Response) -> Buckets:
    """Return the buckets of the last user message, and those of the answer with the calls of its tools."""
    asked = next((one for one in reversed(request.messages) if one.get("role") == "user"), request.messages[-1])
    answer = response.text
    for call in response.tool_calls:
        called = call.get("function") or {}
        answer += f"\n{called.get('name', '')} {_plain(called.get('arguments', ''))}"
    return _buckets(text_of(asked.get("content")), _PROMPT), _buckets(answer, _ANSWER)


def encode_weights(weights: ArrayLike) -> str:
    """Return whole numbers from −127 to 127, one a bucket, as the text of `TextScorer.weights`."""
    import numpy as np

    return base64.b64encode(np.asarray(weights, dtype=np.int8).tobytes()).decode()


@lru_cache(maxsize=1024)
def _decoded(weights: str) -> NDArray[np.int8]:
    import numpy as np

    try:
        table = np.frombuffer(base64.b64decode(weights, validate=True), dtype=np.int8)
    except (binascii.Error, ValueError):
        message = f"learned weights are a text that is not base 64; {BUCKETS:,} bytes in base 64 were expected."
        raise ConfigError(message) from None
    if len(table) != BUCKETS:
        message = f"learned weights are {len(table):,} bytes; {BUCKETS:,} were expected, one a weight."
        raise ConfigError(message)
    return table


def _plain(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False, default=str)


def _buckets(text: str, start: int) -> NDArray[np.uint16]:
    """Return the buckets of a text's words, and of its pairs of neighbours; `start` keeps kinds of text apart."""
    import numpy as np  # late: whoever imports a verifier does not wait for it

    if len(text) > MOST_CHARACTERS:
        half = MOST_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    # Lone surrogates cannot be encoded; they are no words.
    words = _WORD.findall(text.encode("utf-8", "replace").decode("utf-8").lower())
    if not words:
        return np.empty(0, dtype=np.uint16)
    single = np.fromiter(map(crc32, map(str.encode, words)), dtype=np.uint64, count=len(words))
    found = np.concatenate([single, single[:-1] * np.uint64(_PAIR) + single[1:]]) + np.uint64(start)
    # Checksums are linear, so their low bits are not mixed: a multiplication mixes all of them into the highest ones.
    return np.unique((found * np.uint64(_MIX) >> np.uint64(64 - BITS)).astype(np.uint16))
