"""Redaction for storage: removes secrets, and personal data if asked, and escapes what databases do not store."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from cascade.redaction import CUT, redacted, remember, remember_environment, shortened, version

# Every quantifier is bounded, or cannot overlap what follows it: texts are foreign, so matching must stay linear.
_PERSONAL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
    r"|\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}\b"
    r"|(?<![\w.])\+?\d(?:[ ()./-]{0,2}\d){6,18}(?!\w)"
)


_SHORT = 64
"""Longest text that is cached as a name: the same few names are in every row."""


class Redactor:
    """Redacts texts for storage; thread-safe."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        remember(secrets)
        remember_environment()

    def clean(self, text: str, *, limit: int) -> str:
        """Return `text` without keys, storable anywhere, and at most about `limit` characters long."""
        return _name(text, limit, version()) if len(text) <= _SHORT else storable(shortened(text, limit))

    def impersonal(self, text: str) -> str:
        """Return `text` without keys, e-mail addresses, IBANs and long numbers (telephones, cards).

        Names and addresses stay: patterns cannot know them.
        """
        return storable(_PERSONAL.sub(CUT, redacted(text)))


@lru_cache(maxsize=4096)
def _name(text: str, limit: int, known: int) -> str:
    del known  # a key of the cache: each new secret invalidates it
    return storable(shortened(text, limit))


def storable(text: str) -> str:
    r"""Return `text` with lone surrogates and NUL, which databases reject, escaped as \\udc80 and \\u0000."""
    if text.isascii() and "\0" not in text:
        return text
    made = text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")
    return text if made == text else made
