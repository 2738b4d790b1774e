"""Literals: values of JSON and of programs, whose strings are meant as they stand."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cascade.reading.plain import CITED_LIST, normal, plain
from cascade.reading.sequences import NoLiteral, literal
from cascade.reading.strict_json import NotJson, parse_json
from cascade.reading.values import Boolean, Number, Sequence, Structure, Text, Value

_EXACT = re.compile(r"[a-z][A-Z]|\d[A-Za-z]*[A-Z]|[A-Za-z]\d|\S(?:  |\t)|[!?.,;:*]{2,}$|^[!?,;:*]")


def canonical(value: Any) -> str:
    """Return a JSON value's canonical form: keys in order, 1.0 as 1, strings in Unicode's form NFC."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=repr)


def _canonical(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {unicodedata.normalize("NFC", str(key)): _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return value


def read_literal(text: str) -> Value | None:
    """Return the value of a literal: what begins with a bracket or a quotation mark and ends with its partner."""
    body = text.strip("` \t\r\n.")
    if not body or (body[0], body[-1]) not in {("(", ")"), ("[", "]"), ("{", "}"), ("'", "'"), ('"', '"')}:
        return None
    if len(body) < 6 and not any(sign in body for sign in "0123456789'\",{"):  # (B)
        return None
    try:
        value = parse_json(body) if body[0] in '[{"' else literal(body)
    except NotJson as error:
        if "same key" in str(error):
            return None
        try:
            value = literal(body)
        except NoLiteral:
            return None
    except NoLiteral:
        return None
    if isinstance(value, str) and value[:1] in ("[", "(", "{") and body[0] == '"':  # a literal in quotation marks
        return read_literal(value) or of_literal(value)
    return of_literal(value) if isinstance(value, str | tuple | list | set | dict) else None


def of_literal(value: Any) -> Value:
    """Return the value of a literal or of JSON, whose strings are meant as they stand."""
    if isinstance(value, bool):
        return Boolean(value=value)
    if isinstance(value, str):
        return Text(normal=normal(value), quoted=unicodedata.normalize("NFC", value), raw=value)
    if isinstance(value, int | float) and value - value == 0:
        return Number(value=Fraction(repr(value)))
    if isinstance(value, tuple | list | set | frozenset):
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return Sequence(items=tuple(map(of_literal, value)), kind=kind, ordered=kind != "set")
    if isinstance(value, dict):
        items = sorted((repr(key), repr(of_literal(item).key)) for key, item in value.items())
        if all(isinstance(key, str) for key in value):
            try:
                return Structure(value=value, canonical=canonical(json.loads(json.dumps(value, allow_nan=False))))
            except (ValueError, TypeError):
                pass
        return Structure(value=value, canonical=repr(items))
    return Text(normal=normal(str(value)), quoted=repr(value))


def text_of(raw: str, *, cited: bool = True, **fields: Any) -> Text:
    """Return the text that a phrase is; figures in brackets are part of it where it is not `cited`."""
    own = plain(raw, cited=cited)
    shown = normal(own)
    exact = own if not cited or not shown or _EXACT.search(own) else ""  # signs alone have no other form
    if cited and CITED_LIST.search(raw):
        exact = plain(raw, cited=False)
    return Text(normal=shown, raw=own, exact=exact, **fields)
