"""Word lists, read from text files of this package: `[section]`, then words or phrases separated by commas.

A line that does not end with a comma goes on in the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=64)
def word_lists(name: str) -> Mapping[str, frozenset[str]]:
    """Return the sections of a word list as sets of phrases; lines that begin with # are comments."""
    found: dict[str, str] = {}
    title = ""
    for line in Path(__file__).parent.joinpath(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            title = line.strip("[] ")
            found.setdefault(title, "")
        elif not line.startswith("#"):
            found[title] = f"{found.get(title, '')} {line}".strip()
    return MappingProxyType(
        {title: frozenset(filter(None, map(str.strip, text.split(",")))) for title, text in found.items() if title}
    )
