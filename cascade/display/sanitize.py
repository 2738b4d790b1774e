"""Text from models and users made safe to show: on a terminal, in one line of a log, in a cell of a spreadsheet.

What is stored stays as it was; these are the last step before eyes or another program. A terminal obeys control
characters, people are misled by what they cannot see, and a spreadsheet computes whatever begins like a formula.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# C0 and C1 controls (line ends and tabs stay), lone surrogates, and what cannot be seen or reorders what is: direction
# marks, blanks of no width, line separators, tag characters. The joiners stay: scripts and emoji need them.
_UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
# What spreadsheets take for the beginning of a formula (or of DDE), ASCII or full width, whatever blanks, quotes and
# invisible characters stand before it.
_FORMULA = re.compile(r"[=+\-@|%＝＋－＠﹢﹣﹦﹫−]")
_SKIPPED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return a text that is safe on a terminal: what could steer it or hide something is spelt out, as \x1b."""
    return _UNSAFE.sub(lambda found: escape(found[0]), text)


def spell_in_json(text: str) -> str:
    r"""Return JSON that says the same, with what `printable` spells out as \\uXXXX: there it stands in strings only."""
    return _UNSAFE.sub(lambda found: json_escape(found[0]), text)


def one_line(text: str) -> str:
    r"""Return a text on one line, with everything that is not seen spelt out, line ends and joiners too."""
    return "".join(character if _is_seen(character) else escape(character) for character in text)


def cell(value: Any) -> Any:
    """Return a value for a cell of a CSV file: a text that a spreadsheet could compute is prefixed with an apostrophe.

    Numbers stay numbers; `-1` as a text becomes `'-1`. A text that begins with an apostrophe gets another one, so that
    `cell_text` gives back what was there (a lone surrogate excepted, which no file can hold: it is spelt out).
    Write the file with quotes around every text (`csv.QUOTE_NONNUMERIC`): a reader that splits at other signs would
    otherwise find cells of its own inside.
    """
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", errors="backslashreplace").decode("utf-8")
    return f"'{text}" if _is_formula(text) else text


def cell_text(text: str) -> str:
    """Return what a cell held before `cell` made it safe."""
    return text.removeprefix("'")


def escape(character: str) -> str:
    r"""Spell a character out: \x1b, \u202e, \U000e0041."""
    return character.encode("unicode_escape").decode("ascii")


def json_escape(character: str) -> str:
    r"""Spell a character out as JSON does: \u001b, and as a pair of surrogates beyond 16 bits."""
    code = ord(character)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def _is_formula(text: str) -> bool:
    for character in text:
        if character == "'" or character in "\t\r\n" or _FORMULA.match(character):
            return True
        if character != '"' and unicodedata.category(character) not in _SKIPPED:
            return False
    return False


def _is_seen(character: str) -> bool:
    return character.isprintable() and unicodedata.category(character) not in _SKIPPED - {"Zs"}
