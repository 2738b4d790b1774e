"""Redaction: the one sink through which every text goes before it is stored; keys out, personal data out if asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Every quantifier is bounded, or cannot overlap what follows it: texts are foreign, so matching must stay linear.
_KEYS = (
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{12,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{30,}",
    r"(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{12,})",
    r"(?i:(?<=[?&]key=)[^&\s]+)",
    r"(?i:(?<=api_key=)[^&\s]+)",
)
_PERSONAL = (
    r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}",
    r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}\b",
    r"(?<![\w.])\+?\d(?:[ ()./-]{0,2}\d){6,18}(?!\w)",
)
SHORTEST_SECRET = 8
"""Characters below which a known secret is not looked for: it would blank ordinary words."""


class Redactor:
    """Cleans texts for storage; shared by threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join([*map(re.escape, known), *_KEYS]))
        self._personal = re.compile("|".join(_PERSONAL))

    def clean(self, text: str, *, limit: int) -> str:
        """Return `text` without keys, storable anywhere, and at most about `limit` characters long."""
        if len(text) > limit:
            text = text[: limit - 1] + "…"
        return storable(self._secrets.sub("[secret]", text))

    def impersonal(self, text: str) -> str:
        """Return `text` without keys, e-mail addresses, IBANs and long numbers (telephones, cards).

        Names and addresses stay: patterns cannot know them.
        """
        return storable(self._personal.sub("[redacted]", self._secrets.sub("[secret]", text)))


def storable(text: str) -> str:
    r"""Return `text` with what SQLite or PostgreSQL refuse escaped: lone surrogates and NUL, as \\udc80 and \\u0000."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")
