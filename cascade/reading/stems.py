"""Stems: tables of how words and sentences begin, by language, and the pattern that finds them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

Stems = Mapping[str, Mapping[str, list[str]]]
"""By group and language. A star stands for any ending; scripts from Arabic on have any ending always."""


def stems_of(name: str) -> Stems:
    """Return the table of this name: `courtesies` or `directions`."""
    found: Stems = json.loads(files("cascade.reading").joinpath(f"{name}.json").read_text("utf-8"))
    return found


def any_of(stems: Iterable[str]) -> str:
    """Return the pattern of whole words, or beginnings of sentences, that begin with one of these stems."""
    return "|".join(map(_pattern, stems))


def _pattern(stem: str) -> str:
    begins = "" if stem[0] > "\u3000" else r"(?<![^\W_])"
    ends = "" if stem[-1] > "\u0600" else r"\w*" if stem[-1] == "*" else r"(?![^\W_])"
    return begins + re.escape(stem.removesuffix("*")) + ends
