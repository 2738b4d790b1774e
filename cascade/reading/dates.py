"""Dates: days, months and years, in ISO's form, in figures, and with names of months in sixteen languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from cascade.reading.units import names
from cascade.reading.values import Date, day

MAX_CHARS: Final = 60
"""Longest phrase that is read as a date."""

_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_FIGURES = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_EAST = re.compile(r"(\d{4})\s?[年년]\s?(?:(\d{1,2})\s?[月월]\s?(?:(\d{1,2})\s?[日일号號]?)?)?")
_WEEKDAY = re.compile(
    r"^(?:on |am |le |el |il |em |в )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners"
    r"|frei|sams|sonn)tag"
    r"|mittwoch|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?"
    r"|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|星期[一二三四五六日天]"
    r"|[月火水木金土日]曜日)[,، ]+",
    re.IGNORECASE,
)
_TRAIL = re.compile(r"\s*(?:[(（].{1,12}[)）]|[月火水木金土日]曜日|星期[一二三四五六日天])$")
_PARTICLES: Final = frozenset(
    {
        "of",
        "de",
        "del",
        "di",
        "the",
        "der",
        "dem",
        "den",
        "le",
        "el",
        "il",
        "em",
        "г",
        "r",
        "r.",
        "dnia",
        "op",
        "г.",
        "года",
        "год",
        "on",
        "am",
        "в",
        "को",
        "عام",
    }
)
_PIECE = re.compile(r"\d+|[^\s\d.,،/'-]+[.']?|[^\s\w]")
_DAY_SUFFIX: Final = frozenset({"st", "nd", "rd", "th", "er", "º", "ª", "°", "o", "日", "일"})


def read_date(phrase: str, *, day_first: bool = False) -> Date | None:
    """Return the date that a plain phrase is, whole; None if it is none.

    A date in figures of which day and month could be exchanged has both readings, unless `day_first` says which.
    """
    text = _TRAIL.sub("", _WEEKDAY.sub("", phrase[: MAX_CHARS + 1]).strip(" .,;"))
    if not text or len(text) > MAX_CHARS:
        return None
    if iso := _ISO.fullmatch(text):
        return _one(day(int(iso[1]), int(iso[3]), int(iso[4])))
    if figures := _FIGURES.fullmatch(text):
        return _in_figures(figures, day_first=day_first)
    if east := _EAST.fullmatch(text):
        return _one(day(int(east[1]), *(int(part) if part else None for part in (east[2], east[3]))))
    return _with_name(text)


def _one(found: tuple[int, int | None, int | None] | None) -> Date | None:
    return None if found is None else Date(readings=frozenset({found}))


def _in_figures(found: re.Match[str], *, day_first: bool) -> Date | None:
    one, two = int(found[1]), int(found[3])
    points = found[2] == "."  # 02.03.2020 is written with the day first everywhere
    readings = set()
    for year in _years(found[4]):
        readings.add(day(year, two, one))
        if not points and not day_first:
            readings.add(day(year, one, two))
    if len(found[4]) == len(found[1]) == 2 and not points and not day_first:
        readings.add(day(2000 + one, two, int(found[4])))
    certain = frozenset(reading for reading in readings if reading is not None)
    if not certain:
        return None
    return Date(readings=certain, written="" if len(certain) == 1 else f"{one}/{two}/{int(found[4])}")


def _years(digits: str) -> tuple[int, ...]:
    if len(digits) == 4:
        return (int(digits),)
    return (2000 + int(digits),) if int(digits) < 50 else (1900 + int(digits),)


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    return {name: number for name, number in names()["months"].items() if len(name) > 2 or not name.isascii()} | {
        "sept": 9
    }


def _with_name(text: str) -> Date | None:
    """Return a date whose month is a name: a day or none, a month, a year, in any order."""
    month = year = number = None
    for piece in _PIECE.findall(text):
        folded = piece.casefold().rstrip(".'")
        if piece.isdigit():
            value = int(piece)
            if len(piece) == 4 and year is None:
                year = value
            elif len(piece) <= 2 and number is None and 1 <= value <= 31:
                number = value
            else:
                return None
        elif folded in _months() and month is None:
            month = _months()[folded]
        elif piece not in ".,،-/" and folded not in _PARTICLES and not (folded in _DAY_SUFFIX and number is not None):
            return None
    if month is None or (year is None and number is None):
        return None
    if year is None:
        return None if day(2000, month, number) is None else Date(readings=frozenset({(0, month, number)}))
    return _one(day(year, month, number))
