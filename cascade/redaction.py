"""Redaction: removes secrets from a text, by value and by pattern, before it is stored or shown.

The decision log, every exception of ours, every failure of a call, our log lines and litellm's go through `redacted`.
Known secrets are global to the process, so that exceptions carry no list of keys.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

CUT = "[redacted]"
"""Replacement of a secret."""

SHORTEST_SECRET = 8
"""Least length of a known secret that is searched: shorter ones would blank ordinary words."""

PLACEHOLDERS = frozenset({"anything", "lm-studio", "no-key-required", "not-needed", "not-required", "placeholder"})
"""Placeholders for the key of a local server, which are not secrets."""

_SECRET_NAME = re.compile(r"(?i)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PAT|_DSN)$")
"""Names of environment variables whose values are secrets."""

# Every quantifier is bounded, or cannot overlap what follows it: texts are foreign, so matching must stay linear.
_PATTERNS = (
    # A digit, or a masked one, distinguishes a key from a name: `hf-internal-testing` is an organisation.
    r"\b(?:sk|pk|rk|gsk|xai|hf|gh[pousr]|glpat|r8|pplx|nvapi|xox[abprs])[-_](?=[A-Za-z_*-]{0,64}[0-9*])[\w*-]{8,}",
    r"\bsk[-_][A-Za-z0-9_*-]{12,}",
    r"\bAKIA[0-9A-Z]{8,}",
    r"\bAIza[0-9A-Za-z_-]{10,}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]{1,})?",
    r"(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{6,})",
    r"(?i:(?<=[?&]key=)[^&\s\"']+)",
    r"(?i:(?<=api[_-]key=)[^&\s\"']+)",
    r"(?i:(?<=[?&_]token=)[^&\s\"']+)",
    r"(?i:(?<=api-key: )[^\s\"',}]+)",
    r"(?<=://)[^\s/:@\"']{0,64}:[^\s/@\"']{1,256}(?=@)",
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,8192}",
)

_MARKS = (
    "sk-", "pk-", "rk-", "xai-", "hf-", "ghp-", "gho-", "ghu-", "ghs-", "ghr-", "glpat-", "r8-", "pplx-", "nvapi-",
    "xox", "akia", "aiza", "eyj", "bearer ", "key=", "token=", "api-key: ", "://", "-----begin ",
)  # fmt: skip
"""Literal parts, in lower case and with `-` for `_`, of which each match of `_PATTERNS` holds at least one: nearly all
texts hold none, and to look for them takes a fortieth of the time that matching takes."""

_LETTERS = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s"})
"""Letters that match an ASCII one in any case, but are not it in lower case."""

PART = 8
"""Least characters of a secret's head or tail that are redacted alone: providers echo parts of keys."""

_known: set[str] = set()
_ends: dict[str, list[tuple[str, bool]]] = {}  # the least head or tail of a secret -> the secret, whether it is a head
_marks: tuple[str, ...] | None = _MARKS
_version = 0
_pattern = re.compile("|".join(_PATTERNS))


def remember(secrets: Iterable[str | None]) -> None:
    """Register secrets: they are redacted from now on, in any letter case.

    Also in their URL, JSON and base64 encodings (inside a longer text too, as in Basic authentication), and their heads
    and tails of at least `PART` characters that do not look like a word.
    """
    fresh = {secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET} - PLACEHOLDERS - _known
    if fresh:
        _known.update(fresh)
        _compile()


def remember_environment(environment: Mapping[str, str] | None = None) -> None:
    """Register the values of environment variables named like secrets (`…_KEY`, `…_TOKEN`, `…_PASSWORD`, …)."""
    variables = os.environ if environment is None else environment
    remember([value for name, value in variables.items() if _SECRET_NAME.search(name)])


def remember_query(address: str | None) -> None:
    """Register every value in the query of an address, and its user and password."""
    if address is None:
        return
    parts = urlsplit(address)
    values = [value for _, value in parse_qsl(parts.query, keep_blank_values=True)]
    remember([*values, unquote(parts.password or "")])


def redacted(text: str) -> str:
    """Return `text` without known secrets and texts that look like one."""
    return _matched(text) if may_hold_secret(text) else text


def may_hold_secret(text: str) -> bool:
    """Return whether a text, or its JSON, holds a literal part of what `redacted` removes; without one, no secret."""
    if _marks is None:
        return True
    folded = (text.lower() if text.isascii() else text.translate(_LETTERS).lower()).replace("_", "-")
    return any(map(folded.__contains__, _marks))


def _matched(text: str) -> str:
    """Return `text` without what the patterns match."""
    parts: list[str] = []
    at = 0
    for found in _pattern.finditer(text):
        start, end = _grown(text, *found.span())
        if end > at:
            if start > at or not parts:
                parts += [text[at:start], CUT]
            at = end
    return "".join(parts) + text[at:] if parts else text


def _grown(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a match; a secret's head or tail is extended as far as it matches the secret."""
    for secret, is_head in _ends.get(text[start:end].lower(), ()):
        length = end - start
        if is_head:
            while end < len(text) and length < len(secret) and text[end].lower() == secret[length]:
                end, length = end + 1, length + 1
        else:
            while start > 0 and length < len(secret) and text[start - 1].lower() == secret[-length - 1]:
                start, length = start - 1, length + 1
    return start, end


def version() -> int:
    """Return a version that changes with every new secret: texts redacted before may contain it."""
    return _version


def shortened(text: str, limit: int) -> str:
    """Return `text` without secrets and at most `limit` characters long; no secret is cut in two."""
    # A secret halved by the first cut no longer matches by value: so the second cut removes it.
    margin = 4096
    if len(text) <= limit:
        return redacted(text)[:limit]
    cleaned = redacted(text[: limit + margin])
    whole = len(text) <= limit + margin
    return cleaned[: min(limit, len(cleaned) if whole else max(0, len(cleaned) - margin + 1)) - 1] + "…"


def shown(value: Any) -> str:
    """Return a dataclass's repr without secrets: addresses and parameters may contain some."""
    inside = ", ".join(f"{field.name}={getattr(value, field.name)!r}" for field in fields(value) if field.repr)
    return redacted(f"{type(value).__name__}({inside})")


def _compile() -> None:
    global _ends, _marks, _pattern, _version  # noqa: PLW0603 - what is secret is a fact about the process
    spelt = {form for secret in _known for form in _spelt(secret)}
    encoded = {form for secret in _known for form in _in_base64(secret)}
    _ends = {}
    for secret in _known:
        for is_head in (True, False):
            part = _least_part(secret, is_head=is_head)
            if part is not None:
                _ends.setdefault(part.lower(), []).append((secret.lower(), is_head))
    # The longest first: a key that begins like another must be removed as a whole.
    by_value = "|".join(map(re.escape, sorted({*spelt, *_ends}, key=_longest_first)))
    by_code = [rf"[\w+/-]?{re.escape(form)}[\w+/-]?={{0,2}}" for form in sorted(encoded, key=_longest_first)]
    _pattern = re.compile("|".join([*([f"(?i:{by_value})"] if by_value else []), *by_code, *_PATTERNS]))
    literals = {*spelt, *_ends, *encoded}
    # What is equal in any case is known of ASCII only.
    known = sorted({form.lower().replace("_", "-") for form in literals})
    _marks = (*_MARKS, *known) if all(map(str.isascii, literals)) else None
    _version += 1


def _spelt(secret: str) -> tuple[str, ...]:
    return secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]


def _longest_first(text: str) -> tuple[int, str]:
    return -len(text), text


def _least_part(secret: str, *, is_head: bool) -> str | None:
    """Return the shortest head or tail of a secret that does not look like a word; None if it has none."""
    for length in range(PART, min(2 * PART, len(secret) - 1) + 1):
        part = secret[:length] if is_head else secret[-length:]
        if any(map(str.isdigit, part)) and any(map(str.isalpha, part)):
            return part
    return None


def _in_base64(secret: str) -> Iterator[str]:
    """Yield the base64 forms of a secret inside a longer text: three alignments, in both alphabets."""
    data = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        whole = b64encode(bytes(offset) + data).decode("ascii")
        # Characters that share bits with the neighbours are left out; the pattern covers them.
        inner = whole[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        if len(inner) >= SHORTEST_SECRET:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")


remember_environment()
