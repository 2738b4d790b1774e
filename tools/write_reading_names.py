"""Write cascade/reading/names.json: names of units, currencies and months in sixteen languages, from Unicode's CLDR.

`python tools/write_reading_names.py`, in an environment that has Babel. CLDR is Unicode's (Unicode License v3).
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from babel import Locale

from cascade.reading.unit_table import CURRENCIES, SCALES

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "tr", "sv", "zh", "zh_Hant", "ja", "ko", "ru", "hi", "ar")
OTHERS = frozenset({"KM", "Mm", "el", "v", "fat", "fit", "ons", "tim", "kv", "uns", "hk", "bg", "sb", "yk", "yy"})
"""Horsepower, nautical mile, tablespoon, week, barrel … in one language; another unit, or another word, in others."""
TARGET = Path(__file__).parents[1] / "cascade" / "reading" / "names.json"
_PLACE = re.compile(r"\{[01]\}")
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u2068\u2069"))


def _unit_names(locale: Locale) -> dict[str, str]:
    found = {}
    for identifier, widths in locale._data["unit_patterns"].items():  # noqa: SLF001 - babel offers no other list
        unit = identifier.partition("-")[2]
        if unit not in SCALES:
            continue
        for width in ("long", "short"):  # narrow ones are not told apart: m is a month, too
            for pattern in _strings(widths.get(width, {})):
                name = _PLACE.sub("", unicodedata.normalize("NFKC", pattern.translate(_MARKS))).strip()
                if name and name not in OTHERS and "{0}" in pattern and not any(map(str.isdigit, name)):
                    found.setdefault(name, unit)
    return found


def _strings(value: Any) -> list[str]:
    return [item for key, item in value.items() if isinstance(item, str) and key not in ("per", "gender")]


def _currency_names(locale: Locale) -> dict[str, str]:
    found = {}
    for code in CURRENCIES:
        names = [locale.currencies.get(code, "")]
        names += dict(locale._data["currency_names_plural"].get(code, {})).values()  # noqa: SLF001 - as above
        for name in names:
            if name and name != code:
                found.setdefault(name.casefold(), code)
    return found


def main() -> None:
    """Write the file."""
    units: dict[str, str] = {}
    months: dict[str, int] = {}
    currencies: dict[str, str] = {}
    for language in LANGUAGES:
        locale = Locale.parse(language)
        for name, unit in _unit_names(locale).items():
            units.setdefault(name, unit)
        for name, code in _currency_names(locale).items():
            currencies.setdefault(name, code)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    short = name.casefold().strip(" .")
                    if not any(map(str.isdigit, short)):
                        months.setdefault(short, number)
    tables = {"units": units, "currencies": currencies, "months": months}
    TARGET.write_text(json.dumps(tables, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
