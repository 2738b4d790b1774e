"""Word lists, read from text files of this package: `[section]`, then words or phrases separated by commas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=64)
def word_lists(name: str) -> Mapping[str, frozenset[str]]:
    """Return the sections of a word list as sets of phrases; lines that begin with # are comments."""
    found: dict[str, set[str]] = {}
    section: set[str] = set()
    for line in Path(__file__).parent.joinpath(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[] "), set())
        elif not line.startswith("#"):
            section.update(phrase.strip() for phrase in line.split(",") if phrase.strip())
    return MappingProxyType({title: frozenset(phrases) for title, phrases in found.items()})
