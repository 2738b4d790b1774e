"""Schema verifier: validates an answer against its JSON Schema, or its tool calls against the tools offered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError

from cascade.errors import SchemaRejected
from cascade.exchange import Exchange, Request
from cascade.fast_replace import fast_replace
from cascade.hashing import content_id
from cascade.reading import NotJson, read
from cascade.verdict import Flow, Verdict, Verifier
from verifiers.compiled_schema import CompiledSchema, compile_schema, json_path
from verifiers.tool_calls import check_calls, demanded, offered

UNCHECKED_TEXT = "unchecked:schema"
"""Flag of a verdict: the answer calls tools, so its text was not held against the request's schema."""
INLINE_CHARS = 20_000
"""Longest answer, in characters, that is validated on the event loop; longer ones go to a thread."""
INLINE_WORK = 50_000
"""Greatest work (see `CompiledSchema.work`) on the event loop."""


class Schema(Verifier):
    """Vetoes an answer that does not satisfy its JSON Schema; 1.0 if it does.

    The JSON is found by the rule of `cascade.reading.json_answer` (thinking left out, one fence or one object in the
    prose accepted, anything ambiguous refused); a veto's reason names the place, as `$.items[0].qty`. The tolerance
    that reading it took is told, not vetoed: a flag for each of `repaired:fence`, `repaired:prose`,
    `repaired:line_break` (within a string) and `repaired:trailing_comma`, and the signal `repairs`, their number.
    Duplicate keys, NaN, two different objects and truncation are vetoed always.
    If the answer calls tools, the calls are validated and the text is not (flagged `unchecked:schema` where there is a
    schema): their names must be among those offered and their arguments must satisfy the tool's parameters. Tools that
    the provider ran itself are no calls. Abstains without a schema or tools, and, flagged `unchecked:tool_schema`,
    where a called tool's schema is beyond the checkers.

    `Verdict.parsed` holds the value: an instance of the pydantic model or other type, if given, whose own validators
    are run too; else plain JSON.

    Measured: it hardly separates right from wrong (AUROC 0.49 to 0.60 alone), but vetoed answers are unusable: on
    lifeeval_mcq 3 % of the 8B model's answers, none of them right; on zeroeval_gsm8k 9 %, 0.69 right against 0.85. One
    old model nearly always writes line breaks into its strings, which is not JSON (claude-3-haiku on zeroeval, 93 %).

    Args:
        schema_or_type: a JSON Schema (2020-12), a pydantic model, or any type that pydantic can validate; None: the
            request's own schema and type.
        formats: True to validate `format`, which the standard leaves open.
        strict: True to veto an answer that is not JSON as a whole, thinking aside.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        SchemaRejected: the schema is malformed, too large, or refers outside itself.
    """

    version: ClassVar[str] = "2"
    reads_earlier: ClassVar[bool] = False

    def __init__(
        self,
        schema_or_type: Any = None,
        *,
        formats: bool = False,
        strict: bool = False,
        name: str = "schema",
        pass_at: float = 0.5,
    ) -> None:
        self.name = name
        self.pass_at = pass_at
        self.formats = formats
        self.strict = strict
        self._own: CompiledSchema | None = None
        self._type: Any = None
        self._schema: Any = None
        if schema_or_type is not None:
            plain = isinstance(schema_or_type, Mapping | bool)
            self._type = None if plain else schema_or_type
            self._schema = schema_of(schema_or_type) if not plain else schema_or_type
            self._own = compile_schema(self._schema, formats=formats)

    def settings(self) -> dict[str, Any]:
        """Return the schema's hash (None: the request's), and whether it is strict about formats and about JSON."""
        own = None if self._own is None else content_id(self._schema)
        return {"schema": own, "formats": self.formats, "strict": self.strict}

    def concerns(self, *, judged: str, above: str | None, price_usd: Callable[[str], float | None]) -> tuple[str, ...]:
        """Warn of a schema that rejects nothing."""
        del judged, above, price_usd
        if self._own is not None and self._own.accepts_everything:
            return (f"The schema of verifier {self.name!r} accepts everything, so it never vetoes.",)
        return ()

    def prepare(self, request: Request) -> None:
        """Reject a request whose schema cannot be validated; a tool's costs that tool's check only."""
        if self._own is None and request.schema is not None:
            compile_schema(request.schema, formats=self.formats)

    def flow(self, exchange: Exchange) -> Flow:
        """Validate small answers directly and large ones in a thread, so that the event loop is not blocked."""
        response = exchange.response
        size = len(response.text) + sum(len(str(call)) for call in response.tool_calls)
        if size <= INLINE_CHARS and all(one.work(response.text) <= INLINE_WORK for one in self._needed(exchange)):
            return self.check(exchange)
        return (yield from super().flow(exchange))

    def check(self, exchange: Exchange) -> Verdict:
        """Validate the tool calls, if there are any, else the text."""
        compiled = self._compiled(exchange)
        if exchange.response.tool_calls:
            verdict = check_calls(exchange)
            return verdict if compiled is None else fast_replace(verdict, flags=(*verdict.flags, UNCHECKED_TEXT))
        if demanded(exchange)[0] and offered(exchange):
            return Verdict.against("a tool call was asked for, but the answer holds none")
        if compiled is None:
            return Verdict.abstain("no schema was given")
        try:
            located = read(exchange.response.text).json
        except NotJson as error:
            return Verdict.against(f"no JSON answer: {error}")
        if self.strict and located.repairs:
            return Verdict.against(f"no JSON answer: it needs tolerance ({', '.join(located.repairs)})")
        text = exchange.response.text[located.start : located.end]
        wrong = compiled.complaint(located.value, text)
        if wrong is not None:
            return Verdict.against(wrong)
        parsed, kind = located.value, self._type if self._type is not None else exchange.request.output_type
        if kind is not None:
            try:
                # Through JSON again: only then does pydantic read dates, tuples and the like as from JSON.
                parsed = _adapter(kind).validate_json(json.dumps(located.value))
            except ValidationError as error:
                return Verdict.against(_first(error))
        flags = tuple(f"repaired:{repair}" for repair in located.repairs)
        flags += ("schema_accepts_everything",) if compiled.accepts_everything else ()
        signals = {"repairs": float(len(located.repairs))}
        return Verdict(score=1.0, reason="satisfies the schema", parsed=parsed, signals=signals, flags=flags)

    def _needed(self, exchange: Exchange) -> list[CompiledSchema]:
        """Return the schemas that the answer may be checked against."""
        if exchange.response.tool_calls:
            return [*_compilable(offered(exchange).values())]
        compiled = self._compiled(exchange)
        return [] if compiled is None else [compiled]

    def _compiled(self, exchange: Exchange) -> CompiledSchema | None:
        if self._own is not None or exchange.request.schema is None:
            return self._own
        return compile_schema(exchange.request.schema, formats=self.formats)


def _compilable(schemas: Iterable[Any]) -> Iterator[CompiledSchema]:
    for schema in schemas:
        with suppress(SchemaRejected):  # `check_calls` says so where it matters
            if schema is not None:
                yield compile_schema(schema)


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type that pydantic can validate.

    Raises:
        SchemaRejected: pydantic cannot make one.
    """
    try:
        return _adapter(kind).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError) as error:
        first = str(error).split("\n", 1)[0]
        raise SchemaRejected(f"No JSON Schema can be made of {kind!r}: {first}") from None


def _adapter(kind: Any) -> TypeAdapter[Any]:
    try:
        return _cached_adapter(kind)
    except TypeError:  # annotations may hold what has no hash
        return TypeAdapter(kind)


@lru_cache(maxsize=128)
def _cached_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first(error: ValidationError) -> str:
    """Return the first error, without the value: reasons are logged even where texts are not stored."""
    what = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{json_path(list(what['loc']))}: {what['msg'][:200]}"
