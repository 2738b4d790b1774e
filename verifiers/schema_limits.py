"""Schema limits: measures a JSON Schema, and rejects one whose validation could fetch data or take too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cascade.errors import DataError, SchemaRejected
from cascade.hashing import canonical_json

MAX_BYTES = 256_000
"""Bytes of the schema as canonical JSON."""
MAX_SUBSCHEMAS = 2_000
"""Schemas inside the schema, itself included."""
MAX_EXPANSION = 10_000
"""Schemas after expansion of every reference; a recursive one counts once."""
MAX_DEPTH = 200
"""Schemas inside each other, references included."""
MAX_PATTERNS = 100
"""Regular expressions in the schema."""

_ONE = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
    }
)
_ONE |= {"then", "unevaluatedItems", "unevaluatedProperties"}
_LIST = ("allOf", "anyOf", "items", "oneOf", "prefixItems")
_MAP = ("$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties")
_DEFINED = ("$defs", "definitions")
_REFERENCES = ("$ref", "$dynamicRef")
_EXACT, _LISTED = 100, 30
"""Cost, in ordinary schemas, of one exact comparison, and of one with a number in an `enum`."""
_BRANCHES = frozenset({"anyOf", "oneOf"})
_DRAFTS = ("draft/2020-12/schema", "draft/2019-09/schema", "draft-07/schema", "draft-06/schema", "draft-04/schema")
META = {f"{scheme}://json-schema.org/{draft}" for scheme in ("https", "http") for draft in _DRAFTS}
"""Allowed values of `$schema`."""
_SILENT = {"$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "title", "description", "default"}
_SILENT |= {"examples", "deprecated", "readOnly", "writeOnly"}

Json: TypeAlias = Any
JsonSchema: TypeAlias = Mapping[str, Any] | bool
"""A JSON Schema as Python holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Size of a schema, as far as it bounds the validation time of an answer."""

    expansion: int
    """Schemas after every reference is written out, plus the objects and arrays that `enum` lists."""

    costly: int
    """Cost of keywords that compare numbers exactly, after expansion, in ordinary schemas."""

    branching: bool
    """True if the schema has alternatives (`anyOf`, …), so that errors are collected for each of them."""

    loops: int
    """Recursive references; 0: the schema is not recursive."""

    unique_items: bool
    """True if some array has `uniqueItems`."""

    accepts_everything: bool
    """True if no keyword of the schema rejects anything."""


@dataclass(slots=True)
class _Walk:
    root: Mapping[str, Json]
    anchors: dict[str, Json] = field(default_factory=dict)
    counted: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)


def measure(schema: JsonSchema, *, counted: bool = False) -> Measure:
    """Measure a schema, and reject one that is too large or refers outside itself. Nothing is fetched or opened.

    Args:
        schema: the schema.
        counted: True for `CountedSchema`, which counts its own steps and resolves addresses itself: only the schema's
            size is measured.

    Raises:
        SchemaRejected: a limit is exceeded, or a reference is not allowed.
    """
    if isinstance(schema, bool):
        return Measure(expansion=1, costly=0, branching=False, loops=0, unique_items=False, accepts_everything=schema)
    try:
        size = len(canonical_json(dict(schema)))
    except DataError as error:
        raise SchemaRejected(f"The JSON Schema is not JSON: {error}") from None
    _limit(size, MAX_BYTES, "bytes")
    walk = _Walk(root=schema)
    every, patterns, unique, branching = 0, 0, False, False
    waiting: list[Json] = [schema]
    while waiting:
        here = waiting.pop()
        every += 1
        _limit(every, MAX_SUBSCHEMAS, "subschemas")
        if not isinstance(here, Mapping):
            continue  # true and false; anything else is refused by the meta-schema afterwards
        if not counted:
            _check_addresses(here, walk, top=here is schema)
        patterns += ("pattern" in here) + _length(here.get("patternProperties"))
        _limit(patterns, MAX_PATTERNS, "patterns")
        unique = unique or here.get("uniqueItems") is True
        branching = branching or not _BRANCHES.isdisjoint(here)
        waiting += [inner for _, inner in _inside(here)]
    expansion, loops, costly = _expand(schema, walk, 0)
    silent = not (set(schema) - _SILENT) or ({"$ref"} >= set(schema) - _SILENT and schema["$ref"] == "#")
    return Measure(
        expansion=expansion,
        costly=costly,
        branching=branching,
        loops=loops,
        unique_items=unique,
        accepts_everything=silent and not counted,
    )


def require_small(schema: JsonSchema) -> None:
    """Reject a schema that is far too large before it is processed.

    Raises:
        SchemaRejected: it exceeds the limit of bytes.
    """
    if _SMALL.get(id(schema)) is schema:
        return
    left, waiting = MAX_BYTES, [schema]
    while waiting:
        here: Json = waiting.pop()
        left -= len(here) if isinstance(here, str | list | tuple | Mapping) else 1
        if left < 0:
            raise SchemaRejected(f"The JSON Schema is larger than {MAX_BYTES:,} bytes. Make it smaller.")
        if isinstance(here, Mapping):
            waiting += (*here, *here.values())
        elif isinstance(here, list | tuple):
            waiting += here
    if isinstance(schema, Mapping):
        while len(_SMALL) >= _KEPT:
            _SMALL.pop(next(iter(_SMALL), 0), None)
        _SMALL[id(schema)] = schema


_KEPT = 64
_SMALL: dict[int, JsonSchema] = {}
"""Cache of the last schemas found small, by identity: one is checked several times a request."""


def _inside(schema: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for key in _ONE:
        if key in schema and not isinstance(schema[key], list | tuple):
            yield key, schema[key]
    for key in _LIST:
        listed = schema.get(key)
        if isinstance(listed, list | tuple):
            yield from ((key, inner) for inner in listed)
    for key in _MAP:
        mapped = schema.get(key)
        if isinstance(mapped, Mapping):
            yield from ((key, inner) for inner in mapped.values())


def _check_addresses(schema: Mapping[str, Json], walk: _Walk, *, top: bool) -> None:
    for key in _REFERENCES:
        address = schema.get(key)
        if address is not None and not (isinstance(address, str) and address.startswith("#")):
            raise SchemaRejected(f"The JSON Schema refers to {address!r:.100}; only #… inside it is allowed.")
    if not top and "$id" in schema:
        raise SchemaRejected(f"A subschema of the JSON Schema has its own $id ({schema['$id']!r:.100}); leave it out.")
    meta = schema.get("$schema")
    if meta is not None and not (isinstance(meta, str) and meta.removesuffix("#") in META):
        raise SchemaRejected(f"The JSON Schema's $schema is {meta!r:.100}; a draft of json-schema.org was expected.")
    for key in ("$anchor", "$dynamicAnchor"):
        if isinstance(schema.get(key), str):
            walk.anchors[schema[key]] = schema


def _expand(schema: Json, walk: _Walk, depth: int) -> tuple[int, int, int]:
    """Count schemas, loops and costly keywords after expansion; counted subschemas are cached."""
    if not isinstance(schema, Mapping):
        return 1, 0, 0
    known = walk.counted.get(id(schema))
    if known is not None:
        return known
    _limit(depth, MAX_DEPTH, "levels")
    walk.open.add(id(schema))
    listed = schema["enum"] if isinstance(schema.get("enum"), list | tuple) else ()
    total = 1 + sum(isinstance(item, Mapping | list | tuple) for item in listed)
    loops, costly = 0, _EXACT * (("multipleOf" in schema) + _is_number(schema.get("const")))
    costly += _LISTED * sum(map(_is_number, listed))
    parts = [inner for key, inner in _inside(schema) if key not in _DEFINED]
    for target in parts + [_target(schema[key], walk) for key in _REFERENCES if key in schema]:
        if id(target) in walk.open:
            loops += 1
            continue
        more, again, dear = _expand(target, walk, depth + 1)
        total, loops, costly = total + more, loops + again, costly + dear
        _limit(total, MAX_EXPANSION, "subschemas once its references are written out")
    walk.open.discard(id(schema))
    walk.counted[id(schema)] = total, loops, costly
    return total, loops, costly


def _is_number(value: Json) -> bool:
    return type(value) in (int, float)


def _target(address: Json, walk: _Walk) -> Json:
    if not (isinstance(address, str) and address.startswith("#")):
        return True  # to a part with an $id of its own, which counts where it stands
    pointer = address[1:]
    if pointer and not pointer.startswith("/"):
        return walk.anchors.get(pointer, True)  # one that is missing is refused by the validator
    here: Json = walk.root
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping):
            here = here.get(key, True)
        elif isinstance(here, list | tuple) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return True
    return here


def _length(value: Json) -> int:
    return len(value) if isinstance(value, Mapping) else 0


def _limit(found: int, most: int, what: str) -> None:
    if found > most:
        raise SchemaRejected(f"The JSON Schema has {found:,} {what}; at most {most:,} are allowed. Make it smaller.")
