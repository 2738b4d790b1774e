"""Plain text: a phrase without Markdown, LaTeX, citations and typographic variants, its digits in ASCII."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cascade.reading.latex import without_latex, without_lowered

_DASHES: Final = "‐‑‒–—―−﹣－˗➖⁃"
_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys("‘’‛′ʼ＇", "'"),
        **dict.fromkeys("“”„‟″〝〞「」『』«»‹›", '"'),
        "٬": "_",  # Arabic thousands separator, which is nothing else
        "٫": "·",  # Arabic decimal separator; the raised dot is one, too
        "．": ".",
        "٪": "%",
        "⋅": "×",
        "∙": "×",
        "✕": "×",
        "✖": "×",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2007": " ",
        "⁄": "/",
        "÷": "/",
        **dict.fromkeys("⩽≦", "≤"),
        **dict.fromkeys("⩾≧", "≥"),
    }
)
_INVISIBLE: Final = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u061c\u2066\u2067\u2068\u2069\ufe0f")
)
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED_RUN = re.compile(r"(?<=[\w)°%])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_VULGAR = re.compile(r"(?<=[0-9])(?=[¼-¾⅐-⅞])")
_CITATION = re.compile(
    r"[ \t]*(?:【[^】\n]{1,60}】|\[\^[\w-]{1,20}\]"
    r"|(?<=[\w.)%\"'。])[ \t]*\[\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,9}\](?!\())"
    r"|\[citation needed\]|<sup>\[?\d{1,3}\]?</sup>|\((?:source|quelle|fuente|fonte|来源|出典)\s?:[^)\n]{1,200}\)",
    re.IGNORECASE,
)
CITED_LIST = re.compile(r"\[\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){1,9}\]")
"""Several figures in brackets, which may be sources, or what a sentence says."""
_PER_HUNDRED = re.compile(r"百分之[ \t]?(-?\d+(?:[.·]\d+)?)")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,500}\)")
_EMPHASIS = re.compile(r"(?<![0-9A-Za-z*])(\*{1,4})(?=[^\s*])([^*\n]{1,400}?)(?<=\S)\1(?![0-9A-Za-z*])")
_MARKDOWN = re.compile(r"(?<![\w])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\w])|~~|</?(?:b|i|em|strong|u|mark|span)>")
_BACKTICKS = re.compile(r"`+")
_DOLLARS = re.compile(r"(?<![\w\\$])\$([^$\n]{1,200})\$(?![\d$])")
_QUOTES: Final = "\"'`"
_ENDS: Final = " \t\r\n.,;:!?。．，、；：！？…।؟،؛·"


def plain(phrase: str, *, cited: bool = True) -> str:
    """Return a phrase without marks: Markdown, LaTeX, citations, typographic variants; its digits and signs in ASCII.

    Powers written as raised digits become `^n`. Figures in brackets stay where it is not `cited`. Takes time linear in
    the phrase.
    """
    text = phrase
    if not text.isascii():
        text = text.translate(_INVISIBLE)
        if _RAISED_RUN.search(text):
            text = _RAISED_RUN.sub(lambda found: "^" + found[0].translate(_RAISED), text)
        text = _VULGAR.sub(" ", text)
        text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
        if not text.isascii():
            text = "".join(map(_digit, text))
            text = _PER_HUNDRED.sub(r"\1%", text)
    if cited and ("[" in text or "【" in text or "(" in text or "<" in text):
        text = _CITATION.sub(_uncited, _LINK.sub(r"\1", text))
    if "{,}" in text:
        text = text.replace("{,}", ",")
    if "\\" in text:
        text = without_latex(text)
    if "$" in text:
        text = _DOLLARS.sub(_math, text)
    if "*" in text:
        text = _EMPHASIS.sub(r"\2", text)
    if "_" in text or "<" in text or "~" in text:
        text = _MARKDOWN.sub("", text)
    if "`" in text:
        text = _BACKTICKS.sub("", text)
    return text.strip()


def _uncited(found: re.Match[str]) -> str:
    """Return a figure list in brackets as it stands unless it ascends, as sources do; other citations go."""
    figures = [int(figure) for figure in re.findall(r"\d+", found[0])] if CITED_LIST.search(found[0]) else []
    return "" if figures == sorted(set(figures)) else found[0]


def normal(phrase: str) -> str:
    """Return a text's normal form for comparison: plain, case folded, single blanks, bare of quotes and punctuation.

    Blanks beside Chinese and Japanese characters are left out, and a leading article in English.
    """
    text = " ".join(plain(phrase).casefold().split())
    text = text.strip(_ENDS + _QUOTES + "*()[]{}").replace('"', "")
    if not text.isascii():
        text = _CJK_BLANK.sub("", text)
    for article in ("the ", "an ", "a "):
        if text.startswith(article) and len(text) > len(article) + 1:
            return text[len(article) :]
    return text


_CJK: Final = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff"
_CJK_BLANK = re.compile(rf"(?<=[{_CJK}]) (?=\w)|(?<=\w) (?=[{_CJK}])")


def trim(phrase: str) -> str:
    """Return a phrase without blanks, punctuation and quotes around it."""
    text = phrase.strip(_ENDS + "*")
    if text[:1].isdigit() and phrase.lstrip()[:2] == f".{text[0]}":  # .5
        text = "0." + text
    while len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] and text[0] not in text[1:-1]:
        text = text[1:-1].strip(_ENDS)
    return text


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None) if character > "\x7f" else None
    return character if value is None else str(value)


def _math(found: re.Match[str]) -> str:
    """Return a formula without its dollar signs, but leave two amounts of money in one phrase alone."""
    inner = found[1]
    return found[0] if inner[:1].isdigit() and inner[-1:].isspace() else without_lowered(inner)
