"""Tool-call validation: calls must be among the tools offered, and arguments must satisfy the tools' schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.exchange import Exchange
from cascade.hashing import canonical_json
from cascade.reading.strict_json import NotJson, parse_json
from cascade.verdict import Verdict
from verifiers.compiled_schema import compile_schema

MAX_CALLS = 128
"""Most tool calls in one answer."""


def option(exchange: Exchange, key: str) -> Any:
    """Return a provider parameter of the exchange: the request's own, else the rung's."""
    params = exchange.request.params
    return params[key] if key in params else exchange.call.params.get(key)


def check_calls(exchange: Exchange) -> Verdict:
    """Veto calls of tools that were not offered, or with arguments that violate their schemas; else 1.0.

    Raises:
        SchemaRejected: a tool's parameters are not a usable JSON Schema.
    """
    calls = exchange.response.tool_calls
    if len(calls) > MAX_CALLS:
        return Verdict.against(f"calls {len(calls):,} tools at once; at most {MAX_CALLS} are checked")
    tools = offered(option(exchange, "tools"))
    only = _chosen(option(exchange, "tool_choice"))
    for place, call in enumerate(calls):
        function = _function(call)
        name = function.get("name")
        if not isinstance(name, str) or name not in tools:
            return Verdict.against(f"tool_calls[{place}]: {name!a:.80} is not among the tools offered")
        if only is not None and name != only:
            return Verdict.against(f"tool_calls[{place}]: {only!a:.80} was asked for, {name!a:.80} is called")
        wrong = _complaint(function.get("arguments"), tools[name])
        if wrong is not None:
            return Verdict.against(f"tool_calls[{place}].{name}: {wrong}")
    return Verdict(score=1.0, reason="calls tools as they were offered")


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


def offered(tools: Any) -> dict[str, Any]:
    """Return the tools' parameter schemas by name; None for a tool without one."""
    found: dict[str, Any] = {}
    for tool in tools if isinstance(tools, list | tuple) else ():
        function = _function(tool)
        if isinstance(function.get("name"), str):
            found[function["name"]] = function.get("parameters", function.get("input_schema"))
    return found


def _chosen(choice: Any) -> str | None:
    name = _function(choice).get("name")
    return name if isinstance(name, str) else None


def _function(item: Any) -> Mapping[str, Any]:
    """Return the function of a tool: under `function` in OpenAI's form, else the item itself."""
    if not isinstance(item, Mapping):
        return {}
    inner = item.get("function")
    return inner if isinstance(inner, Mapping) else item
