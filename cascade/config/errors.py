"""Validation errors of a configuration: converts pydantic's errors into one sentence with file, line and key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from cascade.config.document import Document, Place, spell
from cascade.config.environment import is_secret
from cascade.errors import ConfigError

_UNKNOWN = "extra_forbidden"
_EXPECTED = {
    "missing": "it is missing",
    "string_type": "a text was expected; quote it if it is one",
    "string_too_short": "a text that is not empty was expected",
    "list_type": "a list was expected",
    "dict_type": "a mapping of keys to values was expected",
    "string_too_long": "a shorter text was expected",
    "too_short": "at least one entry was expected",
    "too_long": "one name with its options was expected",
    "string_pattern_mismatch": "letters, digits, '.', '_' and '-' were expected, 64 at most, a letter or digit first",
}


def config_error(error: ValidationError, document: Document, shape: type[BaseModel]) -> ConfigError:
    """Convert a ValidationError into one ConfigError: the first in file order, and the number of others."""
    complaints = error.errors(include_url=False)
    found = [(_place(item["loc"], item["type"], document), item) for item in complaints]
    # Each branch of a union reports errors; the deepest error belongs to the branch that was meant.
    places = {place for place, _ in found}
    found = [
        pair for pair in found if not any(len(one) > len(pair[0]) and one[: len(pair[0])] == pair[0] for one in places)
    ]
    # An unknown key explains a missing key: it is a misspelling of it.
    place, item = min(
        found,
        key=lambda pair: (document.line(pair[0]) or 0, pair[1]["type"] == "missing", -len(pair[0])),
    )
    others = {spell(where) for where, _ in found if where[: len(place)] != place and place[: len(where)] != where}
    more = f" (And {len(others)} more.)" if others else ""
    alike = [one for where, one in found if where == place]
    telling = [one for one in alike if not one["type"].endswith("_type")]
    return document.error(place, _problem(place, item, telling or alike, document, shape) + more)


def _place(loc: Sequence[str | int], kind: str, document: Document) -> Place:
    """Map pydantic's error path to the document: the path also holds names of union branches."""
    value: Any = document.value
    place: Place = ()
    for part in loc:
        inside = part in value if isinstance(value, Mapping) else isinstance(value, list) and isinstance(part, int)
        if inside:
            value = value[part]
            place = (*place, part)
    return (*place, loc[-1]) if kind == "missing" else place


def _problem(
    place: Place,
    item: Mapping[str, Any],
    alike: Sequence[Mapping[str, Any]],
    document: Document,
    shape: type[BaseModel],
) -> str:
    if item["type"] == _UNKNOWN:
        return _unknown(place, shape)
    if item["type"] == "missing":
        return "it is missing; add it."
    if item["loc"][-1:] == ("[key]",):
        return f"the name cannot be used; {_expected(item, place, shape)}."
    kinds = dict.fromkeys(_expected(one, place, shape) for one in alike)
    return f"found {shown(place, item['input'], document)}; {' or '.join(kinds)}."


def _expected(item: Mapping[str, Any], place: Place, shape: type[BaseModel]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "model_type":
        return f"a mapping with the keys {', '.join(_keys(place, shape))} was expected"
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind == "literal_error":
        return f"{context['expected']} was expected".replace("'", "")
    if kind == "value_error":
        return str(context["error"])
    limits = {"greater_than": "above", "greater_than_equal": "of at least", "less_than_equal": "of at most"}
    if kind in limits:
        bound = next(value for key, value in context.items() if key in ("gt", "ge", "le"))
        return f"a number {limits[kind]} {bound:g} was expected"
    said: str = item["msg"]
    return said[0].lower() + said[1:]


def shown(place: Place, value: Any, document: Document) -> str:
    """Format a value for a message: as written in the file, and never a secret."""
    if place in document.written:
        written = document.written[place]
        key = next((part for part in reversed(place) if isinstance(part, str)), "")
        return "a secret" if is_secret(key, written) else json.dumps(written[:60], ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"a mapping with {', '.join(map(str, list(value)[:4])) or 'no keys'}"
    return f"a list of {len(value)}" if isinstance(value, list) else "nothing"


def _unknown(place: Place, shape: type[BaseModel]) -> str:
    known = _keys(place[:-1], shape)
    near = get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
    if not known:
        return "unknown key; remove it."
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown key{hint} Known here are: {', '.join(known)}."


def _keys(place: Place, shape: type[BaseModel]) -> list[str]:
    """Return the valid keys at a path, from the JSON Schema of the model."""
    root = shape.model_json_schema()
    here: list[Mapping[str, Any]] = [root]
    for part in place:
        here = [inner for one in here for inner in _inside(one, part, root)]
    return sorted({key for one in here for option in _options(one, root) for key in option.get("properties", {})})


def _inside(one: Mapping[str, Any], part: str | int, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for option in _options(one, root):
        if isinstance(part, int):
            found += [option["items"]] if "items" in option else []
            continue
        if part in option.get("properties", {}):
            found.append(option["properties"][part])
        for inner in (option.get("additionalProperties"), *option.get("patternProperties", {}).values()):
            found += [inner] if isinstance(inner, Mapping) else []
    return found


def _options(one: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in one:
        return _options(root["$defs"][one["$ref"].rpartition("/")[2]], root)
    if "anyOf" in one:
        return [found for option in one["anyOf"] for found in _options(option, root)]
    return [one]
