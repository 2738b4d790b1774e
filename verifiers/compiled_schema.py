"""CompiledSchema: a JSON Schema compiled once; validates a value and names the place of an error."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NoReturn

import jsonschema_rs

from cascade.errors import DataError, SchemaRejected
from cascade.hashing import canonical_json
from verifiers.counted_schema import CountedSchema, without_unknown
from verifiers.schema_limits import JsonSchema, Measure, measure, require_small

MAX_WORK = 5_000_000
"""Limit on expanded subschemas times the answer's values (plus one per 32 characters): about 10 ns each."""
COUNTED_WORK = MAX_WORK
"""Work of an answer whose schema needs `CountedSchema`: enough to be checked in a thread."""
MAX_PLACED = 5_000
"""Work up to which the place of an error is searched in a schema with alternatives: 10 µs an error."""
MAX_LONG = 300
"""Most integers beyond 64 bits in an answer with `uniqueItems`: comparing those takes quadratic time."""
MAX_REENTRIES = 1_000
"""Bound on the effort of finding the place of an error in a recursive schema; beyond it, no place is named."""
PATTERN_BYTES = 2**22
"""Size limit, in bytes, of one compiled regular expression."""
MAX_PLACED_CHARS = 300_000
"""Longest answer, in characters, in which the place is searched: an error holds a copy of the wrong value."""

_KEPT = 128
_DETAIL = 200
_DECIMAL = '"pattern":"^(?!^[-+.]*$)'


class CompiledSchema:
    """A schema within the limits, with its validator; made by `compile_schema`."""

    __slots__ = ("_counted", "_validator", "measure", "unchecked")

    def __init__(self, schema: JsonSchema, *, formats: bool = False) -> None:
        self.measure: Measure
        self._counted: CountedSchema | None = None
        self.unchecked: tuple[str, ...] = ()
        """Places of the keywords that neither validator knows, as `$.properties.email.pattern`; they are left out."""
        try:
            self._compile(schema, formats=formats)
        except SchemaRejected as refused:
            try:
                self._count(schema, formats=formats)
            except SchemaRejected:
                try:
                    known, places = without_unknown(schema)
                except RecursionError:
                    raise refused from None
                if not places:
                    raise refused from None
                self.unchecked = tuple(map(json_path, places))
                try:
                    self._compile(known, formats=formats)
                except SchemaRejected:
                    self._count(known, formats=formats)

    def _count(self, schema: JsonSchema, *, formats: bool) -> None:
        self.measure = measure(schema, counted=True)
        self._counted = CountedSchema(schema, formats=formats)

    def _compile(self, schema: JsonSchema, *, formats: bool) -> None:
        self.measure = measure(schema)
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                schema if isinstance(schema, bool) else _without_lookahead(dict(schema)),
                retriever=_deny,
                pattern_options=jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES),
                validate_formats=formats,
                # Reasons are logged even where texts are not stored, so they must not quote the answer.
                mask="the value",
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
            first = str(error).split("\n", 1)[0][:_DETAIL]
            message = f"The JSON Schema cannot be used: {first}"
            raise SchemaRejected(message) from None

    @property
    def accepts_everything(self) -> bool:
        """True if the schema rejects nothing, as `{}`."""
        return self.measure.accepts_everything

    def work(self, text: str) -> int:
        """Return an upper bound of the validation steps for an answer of this text."""
        if self._counted is not None:
            return COUNTED_WORK
        values = 1 + sum(map(text.count, ",[{:"))
        return (self.measure.expansion + self.measure.costly) * (values + len(text) // 32)

    def complaint(self, value: Any, text: str) -> str | None:
        """Return place and kind of a value's first error, as `$.items[0].qty: …`; None if valid.

        Args:
            value: the parsed value, at most 100 levels deep.
            text: its JSON text, to bound the effort beforehand.
        """
        if self._counted is not None:
            return self._counted.complaint(value)
        if self.work(text) > MAX_WORK:
            return f"$: too large to be checked against a schema of {self.measure.expansion:,} parts"
        if self.measure.unique_items and _long_integers(value) > MAX_LONG:
            return f"$: more than {MAX_LONG} integers beyond 64 bits where items must be unique"
        if self._validator.is_valid(value):
            return None
        if self.measure.loops > 1 and self.measure.loops ** _depth(value) > MAX_REENTRIES:
            return "$: does not satisfy the schema (which is recursive; the place was not searched)"
        if len(text) > MAX_PLACED_CHARS or (self.measure.branching and self.work(text) > MAX_PLACED):
            return "$: does not satisfy the schema (the place was not searched in so large an answer)"
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return f"{json_path(error.instance_path)}: {error.message[:_DETAIL]}{_code_points(error)}"
        return "$: does not satisfy the schema"


def compile_schema(schema: JsonSchema, *, formats: bool = False) -> CompiledSchema:
    """Compile a JSON Schema, or return the cached one of the same content (the last 128 are kept).

    Validated as draft 2020-12. Patterns run in linear time; nothing is fetched or opened. At most 256 kB, 2,000
    subschemas, and 10,000 after expansion of references. Schemas that the fast validator does not support (look-around,
    nested `$id`, keywords of earlier drafts) are validated by `CountedSchema`, more slowly.

    Args:
        schema: the schema.
        formats: True to validate `format`, which the standard leaves open.

    Raises:
        SchemaRejected: it is malformed, too large, or refers outside itself.
    """
    if not isinstance(schema, Mapping | bool):
        raise SchemaRejected(f"A JSON Schema is a {type(schema).__name__}; an object was expected.")
    require_small(schema)
    try:
        key = blake2b(canonical_json([schema if isinstance(schema, bool) else dict(schema), formats])).digest()
    except DataError as error:
        raise SchemaRejected(f"The JSON Schema is not a JSON object: {error}") from None
    with _lock:
        if key in _compiled:
            _compiled.move_to_end(key)
            return _compiled[key]
    made = CompiledSchema(schema, formats=formats)
    with _lock:
        _compiled[key] = made
        while len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    return made


def json_path(path: list[str | int]) -> str:
    """Return the JSON path of a value: `$`, `.name`, `["odd name"]`, `[0]`; cut in the middle if very long."""
    text = "$"
    for part in path:
        text += f".{part}" if isinstance(part, str) and part.isascii() and part.isidentifier() else f"[{part!a}]"
    return text if len(text) <= _DETAIL else f"{text[: _DETAIL // 2]}…{text[-_DETAIL // 2 :]}"


def _without_lookahead(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove the look-ahead that some versions of pydantic write for Decimal: it excludes a lone sign or point."""
    text = canonical_json(schema).decode()
    if _DECIMAL not in text:
        return schema
    plain: dict[str, Any] = json.loads(text.replace(_DECIMAL, '"pattern":"^'))
    return plain


def _deny(address: str) -> NoReturn:
    raise ValueError(f"{address[:100]} is outside the schema")


def _code_points(error: jsonschema_rs.ValidationError) -> str:
    """Return a short string with non-ASCII letters escaped, to make look-alike letters visible."""
    wrong = error.instance
    if not isinstance(wrong, str) or wrong.isascii() or len(wrong) > 40:
        return ""
    choice = jsonschema_rs.ValidationErrorKind.Enum, jsonschema_rs.ValidationErrorKind.Constant
    return f" ({wrong!a})" if isinstance(error.kind, choice) else ""


def _long_integers(value: Any) -> int:
    found, level = 0, [value]
    while level:
        found += sum(type(item) is int and item.bit_length() > 63 for item in level)
        level = [inner for item in level if isinstance(item, dict | list) for inner in _items(item)]
    return found


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [inner for item in level if isinstance(item, dict | list) for inner in _items(item)]:
        depth += 1
    return depth


def _items(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


_lock = threading.Lock()
_compiled: OrderedDict[bytes, CompiledSchema] = OrderedDict()
