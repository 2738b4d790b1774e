"""Values: what an answer says, typed, with a key that is equal for equal values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

from cascade.reading.units import Unit

Key: TypeAlias = tuple[Hashable, ...]
"""Kind and content of a value; equal for values that are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number, exact, with its unit if it has one."""

    value: Fraction
    """As written: 5 of `5 km`, 20 of `20 %`."""

    unit: Unit | None = None
    """Unit or currency; None if it has none, or none that is known."""

    noun: str = ""
    """What is counted, where that is no known unit: `eggs`."""

    alternative: Fraction | None = None
    """The other reading of a number such as 1.234; None if there is one reading only."""

    @property
    def scaled(self) -> Fraction:
        """The value in base units."""
        return self.value if self.unit is None else (self.value + self.unit.offset) * self.unit.scale

    @property
    def share(self) -> Fraction:
        """The value of a percentage as a plain number: 1/5 of `20 %`."""
        return self.scaled / 100

    @property
    def key(self) -> Key:
        """Dimension, value in base units, and what is counted. A percentage is a dimension of its own."""
        return ("number", self.scaled, () if self.unit is None else self.unit.dimension, self.noun)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option of a multiple choice."""

    label: str
    """Its letter, upper case, or its number."""

    text: str = ""
    """What stands beside the label, in normal form; empty if nothing does."""

    is_initial: bool = field(default=False, compare=False)
    """Whether it may be the initial of a name, as in `F. Scott Fitzgerald`."""

    @property
    def key(self) -> Key:
        """The label; with the text where that may be a name."""
        return ("choice", self.label, self.text) if self.is_initial else ("choice", self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    """Yes or no, true or false."""

    value: bool
    """True for yes."""

    said: Value | None = None
    """What is said behind it, where the answer may be that: 758 of `Yes, it's 758`. None for a reason, or nothing."""

    grants: bool = field(default=False, compare=False)
    """Whether it grants the request, and another sentence answers it: `Yes, of course! It's 758.`"""

    @property
    def key(self) -> Key:
        """The value, with the key of what is said behind it."""
        return ("boolean", self.value) if self.said is None else ("boolean", self.value, self.said.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A day, a month or a year of the calendar."""

    readings: frozenset[tuple[int, int | None, int | None]]
    """Year, month and day; several where the order is not certain, as in 02/03/2020."""

    written: str = ""
    """The fields in their order, where there are several readings."""

    @property
    def key(self) -> Key:
        """The day; of an uncertain one, its fields in their order."""
        return ("date", self.written or min(self.readings, key=str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A form in which every character counts: a time of day, a range, a bound, a rank, none of the options."""

    kind: str
    """`time`, `range`, `ratio`, `bound`, `rank` or `none`."""

    canonical: str
    """What it says, in one form: `09:16:00`, `3-5`, `x≤5`, `7`."""

    @property
    def key(self) -> Key:
        """Kind and canonical form."""
        return (self.kind, self.canonical)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words: an entity, a phrase, a sentence, or a whole answer."""

    normal: str
    """In normal form; see `cascade.reading.plain.normal`."""

    quoted: str | None = None
    """The string itself, where it is written as a literal in quotation marks; its case and blanks count."""

    raw: str = field(default="", compare=False)
    """Without marks, in its own case and punctuation."""

    exact: str = ""
    """`raw`, where case or punctuation may count: capitals within words, punctuation in a row. Else empty."""

    complement: Value | None = field(default=None, compare=False)
    """What a sentence says its subject is, as `Canberra` in `The capital is Canberra`; None if that is not plain."""

    numbers: tuple[Number, ...] = field(default=(), compare=False)
    """The amounts in a sentence, each once."""

    is_long: bool = False
    """Whether it is longer than a phrase, so that another wording may say the same."""

    @property
    def number(self) -> Number | None:
        """The one number of a sentence; None if it has none or several."""
        return self.numbers[0] if len(self.numbers) == 1 else None

    @property
    def key(self) -> Key:
        """The normal form, with `exact`; or the string in quotation marks."""
        return ("text", self.normal, self.exact) if self.quoted is None else ("string", self.quoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list, a tuple or a set of values."""

    items: tuple[Value, ...]
    """In the order given."""

    kind: str = "list"
    """`list`, `tuple` (a literal of a program) or `set`."""

    ordered: bool = True
    """Whether the order is said to count: by brackets or numbers. False for bullets, commas and sets."""

    @property
    def key(self) -> Key:
        """Kind and the keys of the items, sorted where it is a set."""
        keys = [item.key for item in self.items]
        return (self.kind, *(sorted(keys, key=repr) if self.kind == "set" else keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A JSON object, or another value of JSON or of a program that is compared as it stands."""

    value: Any
    """The value."""

    canonical: str
    """Its canonical form: equal numbers are equal, keys in order, strings in Unicode's form NFC."""

    @property
    def key(self) -> Key:
        """The canonical form."""
        return ("structure", self.canonical)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A program."""

    source: str
    """Its text."""

    canonical: str
    """Its syntax tree where it is Python; else the text without blanks at the ends of lines."""

    @property
    def key(self) -> Key:
        """The canonical form."""
        return ("code", self.canonical)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """No final answer can be told."""

    reason: str
    """Why, in words that do not quote the answer."""

    @property
    def key(self) -> Key | None:
        """None: it equals nothing, not even itself."""
        return None


Value: TypeAlias = Number | Choice | Boolean | Date | Term | Text | Sequence | Structure | Code
Answer: TypeAlias = Value | Unsure


NOTHING = Unsure(reason="there is no answer")
"""The reading of an answer that is empty, or nothing but thinking."""


def day(year: int, month: int | None = None, number: int | None = None) -> tuple[int, int | None, int | None] | None:
    """Return year, month and day if the calendar has them; else None."""
    try:
        date(year, month or 1, number or 1)
    except ValueError:
        return None
    return year, month, number
