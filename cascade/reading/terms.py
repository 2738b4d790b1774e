"""Terms: forms in which every character counts: times of day, ranges, bounds, intervals, ranks, several unknowns."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from cascade.reading.literals import canonical
from cascade.reading.quantities import read_quantity
from cascade.reading.values import Sequence, Structure, Term, Value

MAX_UNKNOWNS: Final = 20
"""Most unknowns that are read side by side."""

_ZONE = r"(?: ?\(?(?P<zone>UTC|GMT|Z|CES?T|MES?Z|E[SD]T|C[SD]T|M[SD]T|P[SD]T|ET|PT|BST|IST|JST|KST)\)?)?"
_TIME = re.compile(
    r"(?P<half>上午|下午|午前|午後|오전|오후)?\s?(?P<hours>\d{1,2})"
    r"(?:(?::|\s?h\s?|\.(?=\d\d Uhr))(?P<minutes>\d\d)(?::(?P<seconds>\d\d))?"
    r"|\s?[時时点點시]\s?(?P<parts>\d{1,2})\s?[分분])?"
    r"(?:\s?(?P<meridiem>[ap])\.?\s?m\.?)?(?P<word> ?(?:Uhr|h|hours|hrs|o'clock|[時时点點시]))?" + _ZONE,
    re.IGNORECASE,
)
_RATIO = re.compile(r"\d{1,6}(?:\s?:\s?\d{1,6}){1,4}")
_RANGE = re.compile(r"(\d{1,9}) ?(?:-|to|bis|à|a|tot|до|~|至|到|から) ?(\d{1,9})")
_SIGNS: Final = {
    "<=": "≤",
    "=<": "≤",
    ">=": "≥",
    "=>": "≥",
    "!=": "≠",
    "<": "<",
    ">": ">",
    "≤": "≤",
    "≥": "≥",
    "≠": "≠",
}
_TURNED: Final = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠"}
_SIGN = r"<=|=<|>=|=>|!=|[<>≤≥≠]"
_FIGURE = r"[-+]?(?:\d[\d.,/]*|∞)"
_BOUND = re.compile(rf"([^\W\d_]\w{{0,2}})\s?({_SIGN})\s?({_FIGURE})")
_BOUND_TURNED = re.compile(rf"({_FIGURE})\s?({_SIGN})\s?([^\W\d_]\w{{0,2}})(?:\s?({_SIGN})\s?({_FIGURE}))?")
_INTERVAL = re.compile(rf"([\[(\]])\s?({_FIGURE})\s?[,;]\s?({_FIGURE})\s?([\])\[])")
_PLACE = r"place|position|platz|rang|place|puesto|lugar|posto|plaats|miejsce|место|plats|sıra|sırada"
_RANK = re.compile(
    r"(?:the |le |la |el |il |o |a |de |het |der |die )?(?:"
    rf"(?P<a>\d{{1,4}})(?:st|nd|rd|th|[eè]me|er|re|e|de|ste|\.?o|:e|:a|-?(?:й|я|е|го|му|ое|ая|ый|ий)|वाँ|वां|번째|番目"
    rf"|[位위등])"
    rf"(?: (?:{_PLACE}))?|(?P<b>\d{{1,4}})\.? (?:{_PLACE})|(?:{_PLACE})"
    rf" (?P<c>\d{{1,4}})\.?|第\s?(?P<d>\d{{1,4}})[位名个個]?)",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"(?:none|neither) of (?:the|these|them)(?: (?:above|options|choices|answers|given))*"
    r"|keine (?:der|von den)(?: (?:genannten|obigen|oben genannten|antworten|optionen|möglichkeiten|angegebenen))+"
    r"|aucune? (?:de ces|des)(?: (?:réponses|options|choix|propositions|ci-dessus))+"
    r"|ningun[oa] de (?:las|los)(?: (?:anteriores|opciones|respuestas))+|nenhum[oa]? d[ao]s(?: (?:anteriores|opções"
    r"|alternativas|acima))+"
    r"|nessun[oa] delle(?: (?:precedenti|opzioni|risposte))+|geen van(?: (?:bovenstaande|de|deze|opties|antwoorden))+"
    r"|żadn[ae] z(?: (?:powyższych|odpowiedzi|opcji))+|(?:ничего|ни один|ни одно|ни одна) из(?: (?:перечисленного"
    r"|вышеперечисленного|вариантов|этого))+"
    r"|hiçbiri|inget(?: av(?: (?:ovanstående|alternativen|dessa))+)|上記の(?:いずれ|どれ)でもない"
    r"|以上(?:都|皆|均)(?:不是|非|不对)|위의"
    r" (?:어느|어떤) ?것도 아님"
    r"|لا شيء مما سبق|इनमें से कोई (?:भी )?नहीं"
)
_UNKNOWN = r"[A-Za-zα-ω][A-Za-z0-9_]{0,2}"
_EQUATION = re.compile(rf"({_UNKNOWN})\s?=\s?({_FIGURE})(?![\w.]*\d)")
_BETWEEN = (
    r"(?:\s?[,;，、]\s?(?:(?:and|und|et|y|e|en|i|и|och|ve)\s)?"
    r"|\s(?:and|und|et|y|e|en|i|и|och|ve|और|و|와|과)\s|\s?(?:と|和|与|및)\s?|\s?[,،]\s?و\s?)"
)
_UNKNOWNS = re.compile(rf"{_UNKNOWN}\s?=\s?{_FIGURE}(?:{_BETWEEN}{_UNKNOWN}\s?=\s?{_FIGURE}){{1,{MAX_UNKNOWNS}}}$")
_TUPLE = re.compile(rf"\(({_UNKNOWN}(?:, ?{_UNKNOWN}){{1,9}})\)\s?=\s?\(({_FIGURE}(?:, ?{_FIGURE}){{1,9}})\)$")


def read_term(bare: str) -> Term | None:
    """Return the time of day, the range, the bound or the rank that a plain phrase is, whole; None if it is none."""
    if bare[:1].isdigit() or bare[:1] > "\u0600":
        return _time(bare) or _ratio(bare) or _range(bare) or _bound(bare) or _rank(bare)
    return _bound(bare) or _rank(bare)


def _time(bare: str) -> Term | None:
    found = _TIME.fullmatch(bare)
    if found is None:
        return None
    said = found["minutes"] or found["parts"]
    if said is None and not found["meridiem"] and (found["word"] or "").strip().casefold() not in ("uhr", "o'clock"):
        return None
    hours, minutes, seconds = int(found["hours"]), int(said or 0), int(found["seconds"] or 0)
    later = (found["meridiem"] or "").casefold() == "p" or found["half"] in ("下午", "午後", "오후")
    if found["meridiem"] or found["half"]:
        hours = hours % 12 + 12 * later if hours <= 12 else hours
    if hours > 24 or minutes > 59 or seconds > 59:
        return None
    zone = (found["zone"] or "").upper()
    zone = {"GMT": "UTC", "Z": "UTC", "MEZ": "CET", "MESZ": "CEST"}.get(zone, zone)
    return Term(kind="time", canonical=f"{hours:02}:{minutes:02}:{seconds:02} {zone}".strip())


def _ratio(bare: str) -> Term | None:
    found = _RATIO.fullmatch(bare)
    return None if found is None else Term(kind="ratio", canonical=re.sub(r"\s", "", bare))


def _range(bare: str) -> Term | None:
    found = _RANGE.fullmatch(bare)
    return Term(kind="range", canonical=f"{found[1]}-{found[2]}") if found and int(found[1]) < int(found[2]) else None


def _bound(bare: str) -> Term | None:
    found = _BOUND.fullmatch(bare)
    if found is not None:
        return Term(kind="bound", canonical=f"{found[1]}{_SIGNS[found[2]]}{_figure(found[3])}")
    found = _BOUND_TURNED.fullmatch(bare)
    if found is not None:
        low = _SIGNS[found[2]]
        if found[4] is None:
            return Term(kind="bound", canonical=f"{found[3]}{_TURNED[low]}{_figure(found[1])}")
        high = _SIGNS[found[4]]
        parts = (f"{_figure(found[1])}{low}", f"{high}{_figure(found[5])}")
        if ">" in low or "≥" in low:
            parts = (f"{_figure(found[5])}{_TURNED[high]}", f"{_TURNED[low]}{_figure(found[1])}")
        return Term(kind="bound", canonical=found[3].join(parts))
    found = _INTERVAL.fullmatch(bare)
    if found is not None and (found[1] + found[4] not in ("[]", "()") or "∞" in bare):
        opened, closed = {"]": "("}.get(found[1], found[1]), {"[": ")"}.get(found[4], found[4])
        return Term(kind="bound", canonical=f"{opened}{_figure(found[2])},{_figure(found[3])}{closed}")
    return None


def _figure(text: str) -> str:
    read = read_quantity(text.rstrip("."))
    return text if read is None else str(read.value)


def _rank(bare: str) -> Term | None:
    found = _RANK.fullmatch(bare)
    return None if found is None else Term(kind="rank", canonical=found["a"] or found["b"] or found["c"] or found["d"])


def read_none(phrase: str) -> Term | None:
    """Return that none of the options is meant, where a phrase, case folded, says just that; else None."""
    return Term(kind="none", canonical="none") if _NONE.fullmatch(phrase.casefold()) else None


def read_unknowns(text: str) -> tuple[Value, str] | None:
    """Return what a plain phrase ends in, if that is the values of several unknowns, and what stands before.

    `x = 3, y = -4` and `(x, y) = (3, -4)` are an object of both; `x = 2, x = 3` is the set of the two solutions.
    """
    first = _EQUATION.search(text)
    pair = _TUPLE.search(text)
    if pair is not None:
        names, figures = (re.split(r",\s?", part) for part in (pair[1], pair[2]))
        return (
            _unknowns(list(zip(names, figures, strict=True)), text[: pair.start()])
            if len(names) == len(figures)
            else None
        )
    if first is None or _UNKNOWNS.match(text, first.start()) is None:
        return None
    return _unknowns(_EQUATION.findall(text[first.start() :]), text[: first.start()])


def _unknowns(equations: list[tuple[str, str]], before: str) -> tuple[Value, str] | None:
    read = [(name, read_quantity(figure.rstrip(".,"))) for name, figure in equations]
    if len(read) < 2 or any(quantity is None for _, quantity in read):
        return None
    known = [(name, quantity) for name, quantity in read if quantity is not None]
    names = {name for name, _ in known}
    if len(names) == 1:
        return Sequence(items=tuple(quantity for _, quantity in known), kind="set", ordered=False), before
    if len(names) < len(known):
        return None
    value = {name: _plain_value(quantity.value) for name, quantity in known}
    return Structure(value=value, canonical=canonical(value)), before


def _plain_value(value: Fraction) -> int | float | str:
    if value.denominator == 1:
        return int(value)
    return float(value) if Fraction(repr(float(value))) == value else str(value)
