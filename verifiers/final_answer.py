"""Final answer extraction: the answer that a text arrives at, in a canonical form for comparison."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from cascade.hashing import canonical_json
from verifiers.json_answer import NotJson, find_json

FinalAnswer: TypeAlias = tuple[str, str]
"""A kind (json, number, choice, text, calls) and the value in its canonical form; equal ones agree."""

KEYS = ("final_answer", "finalanswer", "answer", "result", "choice", "label", "prediction", "output")
"""Keys of a JSON object that hold its answer, lower case; the first that occurs decides."""
SHORT = 200
"""Longest text of one line, in characters, that is an answer as a whole."""
MAX_JSON = 100_000
"""Longest text, in characters, that is searched for JSON."""
TAIL = 4000
"""Characters at the end of a text that are searched for the final answer."""

_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?[$€£]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,40})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?"
)
_RATIO = re.compile(r"[-+−]?[0-9]{1,40}/[0-9]{1,40}")
_DATE = re.compile(r"[0-9]{1,4}([/.-])[0-9]{1,2}\1[0-9]{1,4}")
_CHOICE = re.compile(r"[(\[]{0,2}([A-Za-z])(?:[)\]]{1,2}[.:]?|[.:])(?=\s|$)|([A-Z])$")
_MARK = re.compile(
    r"####|\\boxed\{|answer(?: is| would be| should be|\"? ?:)|(?:correct|right|best) (?:choice|option)(?: is|:)"
    r"|^ ?(?:a|ans|result) ?[:=]",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(r"(?:option|choice|letter) (?=[(\[]?[A-Za-z][)\].:\s]|[(\[]?[A-Za-z]$)", re.IGNORECASE)
_EMPHASIS = str.maketrans("", "", "*`$\\")


@lru_cache(maxsize=64)  # of one request, each answer is compared with every other, in calibration on every sub-ladder
def extract(text: str, compare: str = "auto") -> FinalAnswer | None:
    r"""Return the final answer of a text; None if absent.

    - `json`: the JSON value that the text holds, whole; equal numbers are equal (1 and 1.0), the order of keys is not
      looked at.
    - `number`: the last number in the text.
    - `text`: the text, normalised: NFKC, lower case, spaces and punctuation at the ends left out.
    - `auto`: of a JSON object with a key such as `answer`, that value; of other JSON, the whole. Else what follows the
      last of `####`, `\boxed{`, "answer is", "Answer:", "A:"; else a short text as a whole; else the last number of
      the last line, or that line. The result is read as a number, a ratio, a letter of a multiple choice, a date, or
      text.
    """
    if compare == "json":
        value = _json(text)
        return None if value is None else ("json", _canonical(value[0]))
    if compare == "number":
        return _last_number(text[-TAIL:])
    if compare == "text":
        return ("text", _normal(text)) if _normal(text) else None
    value = _json(text)
    if value is not None:
        return _of_json(value[0])
    return _of_text(text[-TAIL:])


def of_calls(calls: tuple[Mapping[str, Any], ...]) -> FinalAnswer:
    """Return the canonical form of an answer's tool calls: names and arguments, in order."""
    said = []
    for call in calls:
        function = call.get("function") or call
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            value = _json(arguments)
            arguments = arguments if value is None else value[0]
        said.append([function.get("name"), arguments])
    return "calls", _canonical(said)


def of_extractor(extractor: Callable[[str], Any], text: str) -> FinalAnswer | None:
    """Return the canonical form of a user's extractor's result: any JSON value; None if absent."""
    value = extractor(text)
    return None if value is None else ("json", _canonical(value))


def _json(text: str) -> tuple[Any] | None:
    if len(text) > MAX_JSON:
        return None
    try:
        return (find_json(text).value,)
    except NotJson:
        return None


def _of_json(value: Any) -> FinalAnswer | None:
    if isinstance(value, dict):
        named = {str(key).casefold().replace(" ", "_"): item for key, item in value.items()}
        for key in KEYS:
            if key in named:
                value = named[key]
                break
    if isinstance(value, str):
        found = _of_string(value)
        return None if found is None else _simplify(found, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", str(Fraction(value).limit_denominator(10**12))
    return "json", _canonical(value)


def _of_text(text: str) -> FinalAnswer | None:
    marks = list(_MARK.finditer(text))
    for mark in reversed(marks):
        rest = text[mark.end() :].lstrip(" \t:=*")
        if mark[0].startswith("\\"):
            rest = _braced(rest)
        elif rest.startswith('"'):
            rest = rest[1:].split('"', 1)[0]
        else:
            rest = rest.split("\n", 1)[0]
        found = _of_string(rest)
        if found is not None:
            return _simplify(found, rest)
    stripped = text.strip()
    if len(stripped) <= SHORT and "\n" not in stripped:
        found = _of_string(stripped)
        return None if found is None else _simplify(found, stripped)
    last = stripped.rsplit("\n", 1)[-1]
    return _last_number(last) or _of_string(last)


def _simplify(found: FinalAnswer, text: str) -> FinalAnswer:
    """Reduce a phrase with one number to that number: `$18 every day` agrees with `18`."""
    if found[0] == "text" and len(text) <= SHORT and not _DATE.search(text) and len(_NUMBER.findall(text)) == 1:
        return _last_number(text) or found
    return found


def _of_string(text: str) -> FinalAnswer | None:
    plain = unicodedata.normalize("NFKC", text[:TAIL]).translate(_EMPHASIS).strip().rstrip(".,;!")
    bare = plain.replace(" ", "")
    if _NUMBER.fullmatch(bare.rstrip("%")):
        return _last_number(bare)
    if _RATIO.fullmatch(bare):
        over, under = bare.replace("−", "-").split("/")
        return ("number", str(Fraction(int(over), int(under)))) if int(under) else ("text", bare)
    if _DATE.fullmatch(bare):
        return "text", "/".join(part.lstrip("0") or "0" for part in re.split(r"[/.-]", bare))
    choice = _CHOICE.match(_LABEL.sub("", unicodedata.normalize("NFKC", text[:SHORT]).translate(_EMPHASIS).strip(), 1))
    if choice:
        return "choice", (choice[1] or choice[2]).upper()
    normal = _normal(plain)
    return ("text", normal) if normal else None


def _braced(text: str) -> str:
    depth = 1
    for place, character in enumerate(text[:SHORT]):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            inner = text[:place]
            return inner.removeprefix("\\text{").removesuffix("}") if inner.startswith("\\text{") else inner
    return text.split("\n", 1)[0]


def _last_number(text: str) -> FinalAnswer | None:
    found = _NUMBER.findall(text)
    if not found:
        return None
    digits = found[-1].replace(",", "").replace("−", "-").translate({ord(sign): None for sign in "$€£+"})
    return "number", str(Fraction(digits).limit_denominator(10**12))


def _normal(text: str) -> str:
    normal = " ".join(unicodedata.normalize("NFKC", text[:100_000]).casefold().split())
    return normal.strip(" .,;:!?\"'`*()[]{}“”‘’")


def _canonical(value: Any) -> str:
    return canonical_json(_whole(value)).decode()


def _whole(value: Any) -> Any:
    """Return 1.0 as 1, so that numbers compare by value. The parser bounds the depth."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
