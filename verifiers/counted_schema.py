"""CountedSchema: the fallback validator for schemas that the fast one does not support, with counted steps.

jsonschema supports what jsonschema_rs in linear time does not: look-around and back-references in patterns, subschemas
with their own `$id`, draft-07's `items` as a list and other keywords of earlier drafts. It is slower, and such patterns
may take exponential time. So limits apply: `MAX_STEPS` keywords for an answer, a number of backtracking steps for a
search, and `PATTERN_S` for all searches. An answer that exceeds a limit is rejected, also below a `not`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, NoReturn

import jsonschema_rs

from cascade.errors import SchemaRejected
from verifiers.schema_limits import META, JsonSchema

MAX_STEPS = 50_000
"""Keywords evaluated for one answer; about 10 µs each, a hundred times the fast validator's."""
BACKTRACKS = ((2_000, 10_000), (50_000, 1_000))
"""Backtracking steps of one search, by the length of the text in characters; a longer text is not searched."""
PATTERN_S = 1.0
"""Seconds of this thread's CPU for an answer's patterns with look-around, not counting the last search."""
PATTERN_BYTES = 2**22
"""Size limit, in bytes, of one compiled regular expression."""

_DETAIL = 200
_NEWEST = "2020-12"
_DRAFTS = {_NEWEST: "202012", "2019-09": "201909", "draft-07": "7", "draft-06": "6", "draft-04": "4"}
_LINEAR = jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES)


class _Exhausted(Exception):
    """The answer exceeds a limit."""


class _Effort:
    """Remaining steps and time of one validation."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.pattern_s = PATTERN_S

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise _Exhausted(f"takes more than {MAX_STEPS:,} steps to be checked against the schema")


_EFFORT: ContextVar[_Effort] = ContextVar("effort")


class CountedSchema:
    """A schema validated by jsonschema, with counted steps."""

    __slots__ = ("_validator",)

    def __init__(self, schema: JsonSchema, *, formats: bool = False) -> None:
        """Compile the schema; nothing is fetched.

        Raises:
            SchemaRejected: it is malformed, or refers outside itself.
        """
        from referencing import Registry

        plain: dict[str, Any] = dict(schema) if isinstance(schema, Mapping) else {"allOf": [schema]}
        draft = _draft(plain)
        _require_checkable(plain)
        try:
            # Checks meta-schema, patterns and references; its results are not used, since a `not` cannot be stopped.
            getattr(jsonschema_rs, f"Draft{_DRAFTS[draft]}Validator")(
                plain, retriever=_deny, pattern_options=_options(BACKTRACKS[0][1])
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
            raise SchemaRejected(f"The JSON Schema cannot be used: {str(error).splitlines()[0][:_DETAIL]}") from None
        # With $schema kept, jsonschema would switch to its own validators, which count nothing.
        plain.pop("$schema", None)
        self._validator = _counting(draft, formats)(
            plain,
            registry=Registry(retrieve=_deny),  # type: ignore[call-arg]  # attrs gives it this name
        )

    def complaint(self, value: Any) -> str | None:
        """Return place and kind of a value's first error; None if valid. The value itself is not quoted."""
        from referencing.exceptions import Unresolvable

        from verifiers.compiled_schema import json_path

        held = _EFFORT.set(_Effort())
        try:
            error: Any = next(self._validator.iter_errors(value), None)
        except _Exhausted as exhausted:
            return f"$: {exhausted}"
        except (RecursionError, Unresolvable, ArithmeticError, ValueError) as trouble:
            return f"$: could not be checked against the schema ({type(trouble).__name__})"
        finally:
            _EFFORT.reset(held)
        if error is None:
            return None
        place = json_path(list(error.absolute_path))
        keyword: Any = error.validator
        if keyword is None:
            return f"{place}: is not allowed by the schema"
        return f"{place}: does not satisfy {keyword}: {error.validator_value!r}"[: 2 * _DETAIL]


def _draft(schema: Mapping[str, Any]) -> str:
    """Return the draft of a schema; without `$schema` the newest, or draft-07 for its tuples."""
    draft: Any = schema.get("$schema")
    if isinstance(draft, str) and draft.removesuffix("#") in META:
        return next(one for one in _DRAFTS if one in draft)
    if "$schema" in schema:
        raise SchemaRejected(f"The JSON Schema's $schema is {draft!r:.100}; a draft of json-schema.org was expected.")
    lists = any(isinstance(part.get("items"), list | tuple) for part in _objects(schema))
    return "draft-07" if lists else _NEWEST


def _require_checkable(schema: Mapping[str, Any]) -> None:
    keys: set[str] = set()
    for part in _objects(schema):
        keys |= part.keys()
        if part is not schema and isinstance(part.get("$schema"), str):
            raise SchemaRejected("A subschema of the JSON Schema has its own $schema; leave it out.")
        if part.get("$ref") == "":
            raise SchemaRejected("The JSON Schema refers to ''; '#' was expected where the schema itself is meant.")
    if {"unevaluatedProperties", "patternProperties"} <= keys:
        raise SchemaRejected("The JSON Schema needs unevaluatedProperties beside patternProperties; use one of them.")


def without_unknown(schema: Any) -> tuple[Any, list[list[str | int]]]:
    """Return a schema without the keywords that no validator here knows, and the places of these.

    They are patterns that are no regular expression here (or too large a one), and `unevaluatedProperties` beside
    `patternProperties`. Where a pattern of names is left out, so is what the schema says of all other names.
    """
    places: list[list[str | int]] = []
    both = {"unevaluatedProperties", "patternProperties"} <= {key for part in _objects(schema) for key in part}

    def kept(here: Any, path: list[str | int], *, is_schema: bool) -> Any:
        if isinstance(here, list | tuple):
            return [kept(item, [*path, place], is_schema=is_schema) for place, item in enumerate(here)]
        if not isinstance(here, Mapping):
            return here
        left: set[str] = set()
        if is_schema:
            patterns = here.get("patternProperties")
            if isinstance(patterns, Mapping) and not all(map(_is_known, patterns)):
                left |= {"patternProperties", "additionalProperties", "unevaluatedProperties"} & here.keys()
            if isinstance(here.get("pattern"), str) and not _is_known(here["pattern"]):
                left.add("pattern")
            if both and "unevaluatedProperties" in here:
                left.add("unevaluatedProperties")
        places.extend([*path, key] for key in sorted(left))
        return {
            key: inner
            if key in left or (is_schema and key in _VALUES)
            else kept(inner, [*path, key], is_schema=not (is_schema and key in _NAMED))
            for key, inner in here.items()
            if key not in left
        }

    return kept(schema, [], is_schema=True), places


_NAMED = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
_VALUES = frozenset(("const", "default", "enum", "examples"))


def _is_known(pattern: str) -> bool:
    try:
        return _linear(pattern) is not None or _backtracking(pattern, BACKTRACKS[0][1]) is not None
    except (jsonschema_rs.ValidationError, ValueError):
        return False


def _objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            yield here
            waiting += here.values()
        elif isinstance(here, list | tuple):
            waiting += here


def _deny(address: str) -> NoReturn:
    raise ValueError(f"{address[:100]} is outside the schema")


@cache
def _counting(draft: str, formats: bool) -> Any:  # noqa: FBT001 - a key of the cache
    """Return jsonschema's validator of a draft, with counted keywords and patterns searched by `_found`."""
    import jsonschema

    usual = getattr(jsonschema, f"Draft{_DRAFTS[draft]}Validator")
    ours = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "format": _format if formats else _nothing,
    }
    every = {name: _counted(name, check) for name, check in {**usual.VALIDATORS, **ours}.items()}
    return jsonschema.validators.extend(usual, validators=every)  # type: ignore[no-untyped-call]


def _counted(name: str, check: Callable[..., Any]) -> Callable[..., Any]:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        listed = len(value) if isinstance(value, dict | list) else 0
        effort = _EFFORT.get()
        effort.spend(1 + listed // 10)
        if name == "uniqueItems" and isinstance(instance, list):
            effort.spend(len(instance) ** 2 // 20)  # objects are compared each with each
        yield from check(validator, value, instance, schema) or ()

    return counted


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    del validator, schema
    if isinstance(instance, str) and not _found(pattern, instance):
        yield _error("does not match")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Any) -> Iterator[Any]:
    del schema
    for pattern, inner in patterns.items() if isinstance(instance, dict) else ():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, inner: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key not in named and not any(_found(pattern, key) for pattern in patterns):
            yield from validator.descend(value, inner, path=key)


def _format(validator: Any, name: str, instance: Any, schema: Any) -> Iterator[Any]:
    del validator, schema
    if not _format_check(name).is_valid(instance):
        yield _error("is not of the format")


def _nothing(*_: Any) -> Iterator[Any]:
    return iter(())


def _error(text: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(text)


def _found(pattern: str, text: str) -> bool:
    """Return whether a pattern matches anywhere in a text.

    Raises:
        _Exhausted: the limit of steps or time was reached.
    """
    effort = _EFFORT.get()
    effort.spend(1 + len(text) // 100)
    linear = _linear(pattern)
    if linear is not None:
        return bool(linear.is_valid(text))
    steps = next((steps for longest, steps in BACKTRACKS if len(text) <= longest), None)
    if steps is None:
        raise _Exhausted(f"holds a text of {len(text):,} characters, too long for a pattern with look-around")
    if effort.pattern_s <= 0.0:
        raise _Exhausted("takes too long to be matched against the schema's patterns")
    began = time.thread_time()
    try:
        _backtracking(pattern, steps).validate(text)
    except jsonschema_rs.ValidationError as error:
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.BacktrackLimitExceeded):
            raise _Exhausted(f"takes a pattern more than {steps:,} backtracking steps") from None
        return False
    finally:
        effort.pattern_s -= time.thread_time() - began
    return True


@lru_cache(maxsize=512)
def _linear(pattern: str) -> Any:
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=_LINEAR)
    except jsonschema_rs.ValidationError:
        return None  # it needs look-around or back-references


@lru_cache(maxsize=512)
def _backtracking(pattern: str, steps: int) -> Any:
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=_options(steps))


@lru_cache(maxsize=64)
def _format_check(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True)


def _options(steps: int) -> Any:
    return jsonschema_rs.FancyRegexOptions(
        backtrack_limit=steps, size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES
    )
