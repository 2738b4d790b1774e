"""LaTeX of a phrase, as plain text: fractions, powers, matrices, relations, groups."""

from __future__ import annotations

import re
from typing import Final

_PAIRS = re.compile(
    r"\\(?:text|mathrm|textbf|mathbf|mathit|operatorname|textit|mbox|emph|bold|boldsymbol|ce)\s?\{([^{}]{0,200})\}"
)
_FRACTION = re.compile(r"\\[dtc]?frac\s?(?:\{([^{}]{1,100})\}|(\d))\s?(?:\{([^{}]{1,100})\}|(\d))")
_RAISED = re.compile(r"\^\s?\{([^{}]{1,40})\}")
_LOWERED = re.compile(r"(?<=[A-Za-z)\]}])_\s?(?:\{(\d{1,4})\}|(\d))")
_MATRIX = re.compile(
    r"\\begin\s?\{([bpvBV]?matrix|array)\}(?:\{[lcr|]{1,20}\})?([^\\]{0,200}(?:\\(?!end\s?\{)[^\\]{0,200}){0,100})"
    r"\\end\s?\{\1\}"
)
_WORDS: Final = (
    (re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])"), "×"),
    (
        re.compile(r"\\(?:left|right|big|Big|displaystyle|quad|qquad)(?![A-Za-z])|\\[,;:!]|(?<=\d)\{,\}(?=\d)"),
        " ",
    ),
    (re.compile(r"\^\s?\\circ|\\degree"), "°"),
    (re.compile(r"\\mu(?![A-Za-z])"), "μ"),
    (re.compile(r"\\(?:Omega|ohm)(?![A-Za-z])"), "Ω"),
    (re.compile(r"\\pi(?![A-Za-z])"), "π"),
    (re.compile(r"\\(?:leq?|leqslant)(?![A-Za-z])"), "≤"),
    (re.compile(r"\\(?:geq?|geqslant)(?![A-Za-z])"), "≥"),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\neq?(?![A-Za-z])"), "≠"),
    (re.compile(r"\\approx(?![A-Za-z])"), "≈"),
    (re.compile(r"\\infty(?![A-Za-z])"), "∞"),
    (re.compile(r"\\[%$#&_ ]|\\\{|\\\}"), ""),
)
_MATH = re.compile(r"\\\(|\\\)|\\\[|\\\]|\$\$")


def without_latex(text: str) -> str:
    """Return a phrase without the marks of LaTeX; a matrix becomes a list of its rows. Takes linear time."""
    if "\\begin" in text:
        text = _MATRIX.sub(_rows, text)
    text = _MATH.sub("", text)
    for _ in range(4):  # nested groups, from the inside
        before = text
        text = without_lowered(text)
        text = _PAIRS.sub(r"\1", text)
        text = _RAISED.sub(r"^(\1)", text)
        text = _FRACTION.sub(_fraction, text)
        if text == before:
            break
    for pattern, plain_form in _WORDS:
        text = pattern.sub(plain_form, text) if plain_form else pattern.sub(lambda found: found[0][1:], text)
    return text.strip()


def without_lowered(text: str) -> str:
    """Return a text whose lowered figures stand on the line: `H_2O` and `H_{2}O` as `H2O`."""
    return _LOWERED.sub(lambda found: found[1] or found[2], text)


def _rows(found: re.Match[str]) -> str:
    rows = [row.strip() for row in re.split(r"\\\\(?:\[\d{0,3}[a-z]{0,2}\])?", found[2]) if row.strip()]
    items = [", ".join(cell.strip() for cell in row.split("&")) for row in rows]
    if len(items) == 1 or not any("," in item for item in items):  # a vector
        return f"[{', '.join(items)}]"
    return "[" + ", ".join(f"[{item}]" for item in items) + "]"


def _fraction(found: re.Match[str]) -> str:
    over, under = found[1] or found[2], found[3] or found[4]
    whole = " " if found.start() and found.string[found.start() - 1].isdigit() else ""
    simple = over.lstrip("-").isalnum() and under.isalnum()
    return f"{whole}{over}/{under}" if simple else f"{whole}({over})/({under})"
