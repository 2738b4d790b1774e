"""Tool-call validation: calls must be among the tools offered, and arguments must satisfy the tools' schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.errors import SchemaRejected
from cascade.exchange import Exchange
from cascade.hashing import canonical_json
from cascade.reading.strict_json import NotJson, parse_json
from cascade.verdict import Verdict
from verifiers.compiled_schema import compile_schema

MAX_CALLS = 128
"""Most tool calls in one answer."""


UNCHECKED_TOOL = "unchecked:tool_schema"
"""Flag of a verdict: the arguments of a call were not held against the tool's schema."""


def option(exchange: Exchange, key: str) -> Any:
    """Return a provider parameter of the exchange: the request's own, else the rung's."""
    params = exchange.request.params
    return params[key] if key in params else exchange.call.params.get(key)


def check_calls(exchange: Exchange) -> Verdict:
    """Veto calls of tools that were not offered, or with arguments that violate their schemas; else 1.0.

    Abstains, flagged, where a called tool's schema is beyond the checkers: names and JSON are checked all the same.
    """
    calls = exchange.response.tool_calls
    if len(calls) > MAX_CALLS:
        return Verdict.against(f"calls {len(calls):,} tools at once; at most {MAX_CALLS} are checked")
    tools = offered(exchange)
    only = demanded(exchange)[1]
    unchecked: dict[str, str] = {}
    flags: list[str] = []
    for place, call in enumerate(calls):
        function = _function(call)
        name = function.get("name")
        if not isinstance(name, str) or name not in tools:
            return Verdict.against(f"tool_calls[{place}]: {name!a:.80} is not among the tools offered")
        if only is not None and name != only:
            return Verdict.against(f"tool_calls[{place}]: {only!a:.80} was asked for, {name!a:.80} is called")
        if call.get("type") == "custom":
            continue  # its input is text
        try:
            wrong = _complaint(function.get("arguments"), tools[name])
            flags += _unchecked_parts(name, tools[name]) if wrong is None else ()
        except SchemaRejected as error:
            unchecked[name] = str(error)
            wrong = _complaint(function.get("arguments"), None)
        if wrong is not None:
            return Verdict.against(f"tool_calls[{place}].{name}: {wrong}")
    if unchecked:
        name, why = next(iter(unchecked.items()))
        left = (UNCHECKED_TOOL, *dict.fromkeys(flags))
        return Verdict.abstain(f"the schema of tool {name!a:.80} cannot be checked: {why:.200}", flags=left)
    return Verdict(score=1.0, reason="calls tools as they were offered", flags=tuple(dict.fromkeys(flags)))


def _unchecked_parts(name: str, parameters: Any) -> list[str]:
    if parameters is None:
        return []
    return [f"unchecked:{name:.80}:{place}" for place in compile_schema(parameters).unchecked]


def _complaint(arguments: Any, parameters: Any) -> str | None:
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else canonical_json(arguments).decode()
    text: str = arguments
    try:
        value = parse_json(text) if text.strip() else {}  # some providers send '' where a tool takes nothing
    except NotJson as error:
        return f"its arguments are not JSON: {error}"
    if not isinstance(value, dict):
        return "its arguments are not a JSON object"
    return None if parameters is None else compile_schema(parameters).complaint(value, text)


def offered(exchange: Exchange) -> dict[str, Any]:
    """Return the parameter schemas of the tools that a call offered, by name; None for a tool without one."""
    return {**offered_in(option(exchange, "functions")), **offered_in(option(exchange, "tools"))}


def offered_in(tools: Any) -> dict[str, Any]:
    """Return the parameter schemas in a list of tools, in OpenAI's, Anthropic's or Gemini's form, by name."""
    found: dict[str, Any] = {}
    for tool in tools if isinstance(tools, list | tuple) else ():
        declared = tool.get("function_declarations") if isinstance(tool, Mapping) else None
        found |= offered_in(declared) if declared is not None else {}
        function = _function(tool)
        if isinstance(function.get("name"), str):
            found[function["name"]] = function.get("parameters", function.get("input_schema"))
    return found


def demanded(exchange: Exchange) -> tuple[bool, str | None]:
    """Return whether a call demanded that a tool be called, and which one; None: any of them."""
    choice = option(exchange, "tool_choice")
    choice = option(exchange, "function_call") if choice is None else choice
    name = _function(choice).get("name")
    if isinstance(name, str):
        return True, name
    if isinstance(choice, Mapping):  # Anthropic's form, and OpenAI's allowed tools
        allowed = choice.get("allowed_tools")
        choice = allowed.get("mode") if isinstance(allowed, Mapping) else choice.get("type")
    return choice not in (None, "none", "auto"), None


def _function(item: Any) -> Mapping[str, Any]:
    """Return the function of a tool or call: under `function` or `custom` in OpenAI's form, else the item itself."""
    if not isinstance(item, Mapping):
        return {}
    inner = item.get("function", item.get("custom"))
    return inner if isinstance(inner, Mapping) else item
