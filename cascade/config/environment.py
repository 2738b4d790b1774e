"""Environment interpolation: `${VAR}` and `${VAR:-default}`; detects secrets that are written out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_LIMIT = 1 << 16

_SECRET = re.compile(
    r"(?:sk|pk|rk|gsk|xai|hf|ghp|gho|glpat|r8|pplx|nvapi|key|xox[abpr])[-_][A-Za-z0-9_-]{12,}"
    r"|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]{10,}"
    r"|[Bb]earer\s+[A-Za-z0-9._~+/-]{12,}"
)
_SECRET_KEY = re.compile(r"(?i)(?:^|[_-])(?:key|apikey|token|secret|password|passwd|authorization)$")
_HARMLESS = 16
_LIMITS = re.compile(r"(?i)(?:max|min|num|n)_")


class Interpolated(str):
    """Unquoted text from the environment; it becomes a number if the model expects one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Interpolated text."""

    text: str
    """The result; the original text if a variable is missing."""

    used: bool = False
    """True if it names a variable."""

    missing: str | None = None
    """The first variable without value and default."""

    problem: str | None = None
    """The error in a reference, for a message."""


def fill_in(text: str) -> Filled:
    """Interpolate `${VAR}` and `${VAR:-default}`; `$${` is a literal `${`.

    As in a shell, the default also replaces an empty variable.
    """
    if "${" not in text:
        return Filled(text=text)
    out: list[str] = []
    at, used = 0, False
    for match in _REFERENCE.finditer(text):
        out.append(text[at : match.start()])
        at = match.end()
        if match.group(1) is None:
            out.append("${")
            continue
        named = _NAME.fullmatch(match.group(1))
        if named is None:
            found = match.group(0)[:60]
            problem = f"found {found}; ${{NAME}} or ${{NAME:-default}} was expected ($${{ for a literal ${{)."
            return Filled(text=text, problem=problem)
        value = os.environ.get(named.group(1), "")
        used = True
        if not value:
            if named.group(2) is None:
                return Filled(text=text, missing=named.group(1))
            value = named.group(2)
        out.append(value)
    out.append(text[at:])
    filled = "".join(out)
    if "${" in _REFERENCE.sub("", text):
        return Filled(text=text, problem="found ${ without its }; ${NAME} was expected ($${ for a literal ${).")
    if len(filled) > _LIMIT:
        return Filled(text=text, problem=f"the variables make it longer than {_LIMIT:,} characters.")
    return Filled(text=filled, used=used)


def is_secret(key: str, written: str) -> bool:
    """Return whether a text in a configuration looks like a secret.

    Args:
        key: its key; under `api_key` and similar keys, any longer text without blanks counts.
        written: the text as written; a variable's value does not count, its default does.
    """
    literal = _REFERENCE.sub(_default, written)
    if _SECRET.search(literal):
        return True
    return bool(_SECRET_KEY.search(key)) and len(literal) >= _HARMLESS and " " not in literal and not _LIMITS.match(key)


def _default(match: re.Match[str]) -> str:
    named = _NAME.fullmatch(match.group(1) or "")
    return (named.group(2) or "") if named is not None else ""
