"""Answer schema: the JSON Schema of an answer, from what people give, and the field of it that holds the answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NotRequired, Required, get_origin, get_type_hints, is_typeddict

import typing_extensions

from cascade.errors import ConfigError

ANSWER_MARK = "x-cascade-answer"
"""Keyword that declares the property of a schema that holds the answer."""

_INNER = ("json_schema", "schema", "response_schema", "function", "parameters", "input_schema", "format")
_BESIDE = frozenset({"name", "strict", "description", "type"})
_WRAPPERS = (None, "json_schema", "json_object", "function")
_OBJECT: Mapping[str, Any] = {"type": "object"}
_MAX_MARKED = 5_000


def described(given: Any) -> tuple[Mapping[str, Any], Any]:
    """Return the JSON Schema of what `schema=` was given, and the type that pydantic validates; None for a schema.

    Args:
        given: a JSON Schema, one in a provider's wrapper (`{"name", "strict", "schema"}`, `{"type": "json_schema", …}`,
            a function's `parameters`), or a type that pydantic knows: a model, a TypedDict, a dataclass, `list[int]`.

    Raises:
        ConfigError: pydantic cannot describe the type, or a wrapper holds no schema.
    """
    if isinstance(given, Mapping):
        inner = [key for key in _INNER if key in given and not isinstance(given[key], str)]
        if len(inner) == 1 and given.keys() <= _BESIDE | set(inner) and given.get("type") in _WRAPPERS:
            if given[inner[0]] is None or isinstance(given[inner[0]], int | float | list | tuple):
                raise ConfigError(
                    f"schema holds {given[inner[0]]!r:.80} under {inner[0]!r}; a JSON Schema was expected."
                )
            return described(given[inner[0]])
        if given.get("type") == "json_object":
            return _OBJECT, None
        if given.get("type") == "json_schema":
            raise ConfigError(
                "schema has the type 'json_schema' and holds none; put the JSON Schema under 'json_schema'."
            )
        return given, None
    given = _for_pydantic(given)
    try:
        return _schema_of(given), given
    except TypeError:  # annotations may hold what has no hash
        return _schema_of.__wrapped__(given), given


def of_format(form: Any) -> tuple[Mapping[str, Any] | None, Any]:
    """Return the schema and type that a provider's `response_format` asks for; (None, None) where it asks for none.

    Raises:
        ConfigError: as `described`.
    """
    if form is None or isinstance(form, str):
        return None, None
    if isinstance(form, Mapping) and not (form.get("type") in _WRAPPERS[1:3] or "schema" in form):
        return None, None  # text, a grammar, …
    return described(form)


def _for_pydantic(given: Any) -> Any:
    """Return a type as pydantic takes it: before Python 3.12 it refuses a TypedDict of `typing`."""
    if not is_typeddict(given) or type(given).__module__ != "typing" or sys.version_info >= (3, 12):
        return given
    fields = {}
    for name, hint in get_type_hints(given, include_extras=True).items():
        plain = hint.__args__[0] if get_origin(hint) in (Required, NotRequired) else hint
        own = _for_pydantic(plain)
        fields[name] = own if name in given.__required_keys__ else NotRequired[own]
    return typing_extensions.TypedDict(given.__name__, fields)  # type: ignore[operator]


@lru_cache(maxsize=128)
def _schema_of(kind: Any) -> Mapping[str, Any]:
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(kind).json_schema()
    except Exception as error:  # noqa: BLE001 - pydantic raises several kinds for types that it cannot describe
        first = str(error).split("\n", 1)[0]
        message = f"schema is {kind!r:.80}; a JSON Schema or a type that pydantic knows was expected ({first:.200})."
        raise ConfigError(message) from None


def declared_answer(schema: Mapping[str, Any]) -> str | None:
    """Return the JSON pointer of the property that a schema marks with `x-cascade-answer`; None without a mark.

    Raises:
        ConfigError: several properties are marked.
    """
    found = list(dict.fromkeys(_marked(schema)))
    if len(found) > 1:
        raise ConfigError(f"The schema marks several properties with {ANSWER_MARK}: {', '.join(found)}; mark one.")
    return found[0] if found else None


def _marked(root: Mapping[str, Any]) -> Iterator[str]:
    waiting: list[tuple[str, Any, tuple[str, ...]]] = [("", root, ())]
    for _ in range(_MAX_MARKED):
        if not waiting:
            return
        pointer, here, opened = waiting.pop()
        if not isinstance(here, Mapping):
            continue
        if here.get(ANSWER_MARK) is True and pointer:
            yield pointer
        address = here.get("$ref")
        if isinstance(address, str) and address.startswith("#/") and address not in opened:
            waiting.append((pointer, at_pointer(root, address[1:], None), (*opened, address)))
        for key in ("allOf", "anyOf", "oneOf"):
            inner = here.get(key)
            waiting += ((pointer, one, opened) for one in (inner if isinstance(inner, list | tuple) else ()))
        named = here.get("properties")
        for name, inner in (named if isinstance(named, Mapping) else {}).items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            waiting.append((f"{pointer}/{step}", inner, opened))


def require_pointer(pointer: Any, where: str) -> str:
    """Return a JSON pointer, checked.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise ConfigError(f"{where} is {pointer!r:.80}; a JSON pointer such as /result/answer was expected.")
    return pointer


def at_pointer(value: Any, pointer: str, missing: Any) -> Any:
    """Return what a JSON pointer names in a value; `missing` where there is no such place."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list | tuple) and key.isascii() and key.isdigit() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            return missing
    return value


def field_text(text: str, pointer: str | None) -> str:
    """Return the declared field of an answer as text, to be compared in its place; '' where its JSON lacks the field.

    The whole answer where no field is declared, or where it holds no JSON.
    """
    if pointer is None:
        return text
    from cascade.reading import NotJson, read

    try:
        value = at_pointer(read(text).json.value, pointer, None)
    except NotJson:
        return text
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
