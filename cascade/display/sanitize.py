"""Sanitisation of untrusted text for output: on a terminal, in one line of a log, in a cell of a spreadsheet.

Stored text stays unchanged; this is the last step before output. Terminals execute control sequences, invisible
characters mislead readers, and spreadsheets evaluate text that starts like a formula.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# C0 and C1 controls (line ends and tabs stay), lone surrogates, and invisible or reordering characters: direction
# marks, blanks of no width, line separators, tag characters. The joiners stay: scripts and emoji need them.
_UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
# The start of a spreadsheet formula (or of DDE), ASCII or full width, after any blanks, quotes and invisible
# characters.
_HARMLESS = re.compile(r"[=+@-]?[A-Za-z0-9_.:-]+")
_FORMULA = re.compile(r"[=+\-@|%＝＋－＠﹢﹣﹦﹫−]")
_SKIPPED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Escape control and invisible characters for a terminal, such as \x1b."""
    return _UNSAFE.sub(lambda found: escape(found[0]), text)


def spell_in_json(text: str) -> str:
    r"""Escape the characters of `printable` in JSON as \\uXXXX; the value stays the same."""
    return _UNSAFE.sub(lambda found: json_escape(found[0]), text)


def one_line(text: str) -> str:
    r"""Escape a text for one line: all invisible characters, including line ends and joiners."""
    return "".join(character if _is_seen(character) else escape(character) for character in text)


def cell(value: Any) -> Any:
    """Escape a CSV cell against formula injection: a text that looks like a formula gets an apostrophe before it.

    Numbers stay numbers; `-1` as a text becomes `'-1`. A text that begins with an apostrophe gets another one, so that
    `cell_text` gives back what was there (a lone surrogate excepted, which no file can hold: it is spelt out).
    Write the file with quotes around every text (`csv.QUOTE_NONNUMERIC`): a reader that splits at other signs would
    otherwise find cells of its own inside.
    """
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", errors="backslashreplace").decode("utf-8")
    return f"'{text}" if _is_formula(text) else text


def id_cell(value: str) -> str:
    """Escape an id as `cell` does, but for plain ones, which call no function even where they look like a formula.

    -5 and =A1 stay as they are, so that they join with the log and with other files.
    """
    return value if _HARMLESS.fullmatch(value) else str(cell(value))


def cell_text(text: str) -> str:
    """Unescape a cell: the inverse of `cell`."""
    return text.removeprefix("'")


def escape(character: str) -> str:
    r"""Escape a character: \x1b, \u202e, \U000e0041."""
    return character.encode("unicode_escape").decode("ascii")


def json_escape(character: str) -> str:
    r"""Escape a character as JSON does: \u001b, and as a surrogate pair beyond 16 bits."""
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
