"""Redaction: the one sink that cuts secrets out of a text, by value and by pattern, before anyone keeps or shows it.

The decision log, every exception of ours, every failure of a call, our log lines and litellm's go through `redacted`.
What is secret is known to the whole process: an exception that leaves it carries no list of keys along.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import quote

CUT = "[redacted]"
"""What stands where a secret stood."""

SHORTEST_SECRET = 8
"""Characters below which a known secret is not looked for: it would blank ordinary words."""

PLACEHOLDERS = frozenset({"anything", "lm-studio", "no-key-required", "not-needed", "not-required", "placeholder"})
"""What people write where a local server wants some key: words, no secrets."""

_SECRET_NAME = re.compile(r"(?i)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PAT|_DSN)$")
"""Names of environment variables whose values are secrets."""

# Every quantifier is bounded, or cannot overlap what follows it: texts are foreign, so matching must stay linear.
_PATTERNS = (
    # A digit, or a masked one, tells a key from a name: `hf-internal-testing` is an organisation.
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

_known: set[str] = set()
_version = 0
_pattern = re.compile("|".join(_PATTERNS))


def remember(secrets: Iterable[str | None]) -> None:
    """Cut these texts out from now on, wherever they turn up; also as a URL or JSON spells them."""
    fresh = {secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET} - PLACEHOLDERS - _known
    if fresh:
        _known.update(fresh)
        _compile()


def remember_environment(environment: Mapping[str, str] | None = None) -> None:
    """Cut out what the environment holds under names that keys have (`…_KEY`, `…_TOKEN`, `…_PASSWORD`, …)."""
    variables = os.environ if environment is None else environment
    remember([value for name, value in variables.items() if _SECRET_NAME.search(name)])


def redacted(text: str) -> str:
    """Return `text` without the secrets that are known and those that look like one."""
    return _pattern.sub(CUT, text)


def has_secret(text: str) -> bool:
    """Tell whether `redacted` would cut anything out."""
    return _pattern.search(text) is not None


def version() -> int:
    """Return a number that changes whenever another secret becomes known: what was cleaned before may hold it."""
    return _version


def shortened(text: str, limit: int) -> str:
    """Return `text` without secrets and at most `limit` characters long; a cut goes through no secret."""
    # A secret that the first cut halves is no longer known by its value: so it falls to the second one.
    margin = 4096
    if len(text) <= limit:
        return redacted(text)[:limit]
    cleaned = redacted(text[: limit + margin])
    whole = len(text) <= limit + margin
    return cleaned[: min(limit, len(cleaned) if whole else max(0, len(cleaned) - margin + 1)) - 1] + "…"


def shown(value: Any) -> str:
    """Return a dataclass's repr without secrets: addresses and parameters may hold some."""
    inside = ", ".join(f"{field.name}={getattr(value, field.name)!r}" for field in fields(value) if field.repr)
    return redacted(f"{type(value).__name__}({inside})")


def _compile() -> None:
    global _pattern, _version  # noqa: PLW0603 - what is secret is a fact about the process
    spelt = {form for secret in _known for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    # The longest first: a key that begins like another must go as a whole.
    by_value = map(re.escape, sorted(spelt, key=lambda text: (-len(text), text)))
    _pattern = re.compile("|".join([*by_value, *_PATTERNS]))
    _version += 1


remember_environment()
