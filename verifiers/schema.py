"""Schema verifier: validates an answer against its JSON Schema, or its tool calls against the tools offered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from cascade.answer_schema import described, of_format
from cascade.errors import ConfigError, SchemaRejected
from cascade.exchange import Exchange, Request
from cascade.fast_replace import fast_replace
from cascade.hashing import content_id
from cascade.reading import Located, NotJson, read
from cascade.verdict import Flow, Verdict, Verifier
from verifiers.compiled_schema import CompiledSchema, compile_schema, json_path
from verifiers.tool_calls import check_calls, demanded, offered, option

UNCHECKED_TEXT = "unchecked:schema"
"""Flag of a verdict: the answer calls tools, so its text was not held against the request's schema."""
UNCHECKED_FORMAT = "unchecked:response_format"
"""Flag of a verdict: `response_format` asks for what no JSON Schema says, so the answer was not held against it."""
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
    Duplicate keys, NaN, two different objects and truncation are vetoed always. `Verdict.answer` holds the JSON alone
    where the text is more than that. What cannot be checked (a pattern that neither validator knows) is left out and
    flagged, `unchecked:` and its place in the schema.
    If the answer calls tools, the calls are validated and the text is not (flagged `unchecked:schema` where there is a
    schema): their names must be among those offered and their arguments must satisfy the tool's parameters. Tools that
    the provider ran itself are no calls. Abstains without a schema or tools, and, flagged `unchecked:tool_schema`,
    where a called tool's schema is beyond the checkers.

    `Verdict.parsed` holds the value: plain JSON, or, where a type was given, what pydantic makes of it. Then pydantic
    alone decides (aliases, validators, repeated items of sets); the type's JSON Schema is what models are sent.

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

    version: ClassVar[str] = "3"
    checks_schema: ClassVar[bool] = True
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
            plain = isinstance(schema_or_type, bool)
            self._schema, self._type = (schema_or_type, None) if plain else _described(schema_or_type)
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
        if self._own is None and request.schema is not None and request.output_type is None:
            compile_schema(request.schema, formats=self.formats)

    def flow(self, exchange: Exchange) -> Flow:
        """Validate small answers directly and large ones in a thread, so that the event loop is not blocked."""
        response = exchange.response
        size = len(response.text) + sum(len(str(call)) for call in response.tool_calls)
        needed = self._needed(exchange) if size <= INLINE_CHARS else ()
        if size <= INLINE_CHARS and all(one.work(response.text) <= INLINE_WORK for one in needed):
            return self.check(exchange)
        return (yield from super().flow(exchange))

    def check(self, exchange: Exchange) -> Verdict:
        """Validate the tool calls, if there are any, else the text."""
        compiled, kind = self._compiled(exchange), self._kind(exchange)
        if exchange.response.tool_calls:
            verdict = check_calls(exchange)
            text_left = compiled is not None or kind is not None
            return fast_replace(verdict, flags=(*verdict.flags, UNCHECKED_TEXT)) if text_left else verdict
        if demanded(exchange)[0] and offered(exchange):
            return Verdict.against("a tool call was asked for, but the answer holds none")
        if compiled is None and kind is None:
            if is_other_format(option(exchange, "response_format")):
                return Verdict.abstain("no schema can be read off response_format", flags=(UNCHECKED_FORMAT,))
            return Verdict.abstain("no schema was given")
        try:
            located = read(exchange.response.text).json
        except NotJson as error:
            return Verdict.against(f"no JSON answer: {error}")
        if self.strict and located.repairs:
            return Verdict.against(f"no JSON answer: it needs tolerance ({', '.join(located.repairs)})")
        text = exchange.response.text[located.start : located.end]
        flags = tuple(f"repaired:{repair}" for repair in located.repairs)
        parsed = located.value
        try:
            if kind is not None:
                # Through JSON again: only then does pydantic read dates, tuples and the like as from JSON.
                parsed = _adapter(kind).validate_json(json.dumps(located.value))
            elif (wrong := compiled.complaint(located.value, text) if compiled is not None else None) is not None:
                return Verdict.against(wrong, flags=flags)
        except ValidationError as error:
            return Verdict.against(_first(error), flags=flags)
        if compiled is not None:
            flags += tuple(f"unchecked:{place}" for place in (compiled.unchecked if kind is None else ()))
            flags += ("schema_accepts_everything",) if compiled.accepts_everything else ()
        return Verdict(
            score=1.0,
            reason="satisfies the schema",
            parsed=parsed,
            answer=_json_alone(located, exchange.response.text),
            signals={"repairs": float(len(located.repairs))},
            flags=flags,
        )

    def _needed(self, exchange: Exchange) -> list[CompiledSchema]:
        """Return the schemas that the answer may be checked against."""
        if exchange.response.tool_calls:
            return [*_compilable(offered(exchange).values())]
        compiled = self._compiled(exchange)
        return [] if compiled is None or self._kind(exchange) is not None else [compiled]

    def _kind(self, exchange: Exchange) -> Any:
        """Return the type that decides; None where a JSON Schema does."""
        if self._own is not None:
            return self._type
        if exchange.request.schema is not None:
            return exchange.request.output_type
        return of_format(exchange.call.params.get("response_format"))[1]

    def _compiled(self, exchange: Exchange) -> CompiledSchema | None:
        """Return the schema: its own, the request's, or that of the rung's `response_format`.

        None where there is none, or where only pydantic can check the type that it was made of.
        """
        if self._own is not None:
            return self._own
        schema = exchange.request.schema
        if schema is None:
            schema = of_format(exchange.call.params.get("response_format"))[0]
        if schema is None:
            return None
        try:
            return compile_schema(schema, formats=self.formats)
        except SchemaRejected:
            if self._kind(exchange) is None:
                raise
            return None


def _compilable(schemas: Iterable[Any]) -> Iterator[CompiledSchema]:
    for schema in schemas:
        with suppress(SchemaRejected):  # `check_calls` says so where it matters
            if schema is not None:
                yield compile_schema(schema)


def is_other_format(form: Any) -> bool:
    """Return whether a `response_format` asks for something that no JSON Schema says (a grammar, an expression)."""
    return isinstance(form, Mapping) and form.get("type") != "text" and of_format(form)[0] is None


def _described(given: Any) -> tuple[Any, Any]:
    try:
        return described(given)
    except SchemaRejected:
        raise
    except ConfigError as error:
        raise SchemaRejected(str(error)) from None


def _json_alone(located: Located, text: str) -> str | None:
    """Return the JSON of an answer without what stands around it; None where nothing does.

    As it stands in the text, so that no digit is lost; written anew where it was not JSON there.
    """
    if located.repairs and not {"fence", "prose"} >= set(located.repairs):
        return json.dumps(located.value, ensure_ascii=False)
    alone = text[located.start : located.end].strip()
    return None if alone == text.strip() else alone


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
