"""Structured output by a forced tool: the tool's parameters are the request's schema, the answer goes back as its call.

Client libraries ask for structured output in five ways. `response_format` with a schema, `output_config.format` and
`text.format` are schemas already, and `json_object` says "must be JSON". A tool whose call is forced, by its name or as
the only one where a call is `required`, is a schema too: every model can be asked for it, verifiers read the answer as
JSON, and answers can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cascade.dialects.origin import mapping, mappings
from cascade.exchange import Message
from cascade.hashing import content_id

_TOOL_PARAMETERS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})


class ForcedTool(NamedTuple):
    """The one tool that a request forces."""

    name: str
    """Its name."""

    schema: Mapping[str, Any]
    """The JSON Schema of its arguments."""


def forced_tool(params: Mapping[str, Any], messages: Sequence[Message]) -> ForcedTool | None:
    """Return the tool whose call is forced; None where none is, or where a conversation with tool calls goes on.

    There the tools stay as they are: providers refuse calls in a history whose tools they are not told.
    """
    choice = params.get("tool_choice")
    tools = mappings(params.get("tools"))
    if not tools or params.get("response_format") is not None or any(_holds_calls(message) for message in messages):
        return None
    wanted = mapping(mapping(choice).get("function")).get("name")
    if choice == "required" and len(tools) == 1:
        wanted = mapping(tools[0].get("function")).get("name")
    for tool in tools:
        function = mapping(tool.get("function"))
        schema = function.get("parameters")
        if isinstance(wanted, str) and function.get("name") == wanted and isinstance(schema, Mapping):
            described = function.get("description")
            return ForcedTool(wanted, {"description": described, **schema} if described else schema)
    return None


def without_tools(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without tools."""
    return {name: value for name, value in params.items() if name not in _TOOL_PARAMETERS}


def call_of(tool: str, answer: str, decision_id: str) -> dict[str, Any]:
    """Return an answer as a call of the forced tool."""
    identity = f"call_{content_id([decision_id, tool])[:24]}"
    return {"id": identity, "type": "function", "function": {"name": tool, "arguments": answer}}


def _holds_calls(message: Message) -> bool:
    kinds = {str(part.get("type")) for part in mappings(message.get("content"))}
    return str(message.get("role")) in {"tool", "function"} or bool(message.get("tool_calls")) or "tool_use" in kinds
