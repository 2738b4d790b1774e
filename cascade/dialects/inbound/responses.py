"""OpenAI's Responses, the clients' side: a body is read as a Request, a Result written as a response or its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cascade.dialects.inbound.answer import Answer, answer_of
from cascade.dialects.inbound.chat import logprob_entries
from cascade.dialects.inbound.error_bodies import openai_error
from cascade.dialects.inbound.extension import FIELD, summary
from cascade.dialects.inbound.inbound import Inbound, build_inbound
from cascade.dialects.inbound.parameters import ANYTHING, ParameterTable, object_body
from cascade.dialects.inbound.response_events import events_of
from cascade.dialects.inbound.response_input import messages_of
from cascade.dialects.inbound.structured import forced_tool, without_tools
from cascade.dialects.origin import mapping, mappings
from cascade.errors import DataError, UnsupportedParameter
from cascade.exchange import EMPTY
from cascade.result import Result
from cascade.usage import Usage

_STATELESS = "nothing is kept between requests; send the conversation as `input`"

PARAMETERS = ParameterTable(
    passed=frozenset({"parallel_tool_calls", "service_tier", "temperature", "top_logprobs", "top_p"}),
    read=frozenset(
        {
            *("model", "input", "instructions", "stream", "metadata", "user", "safety_identifier", FIELD),
            *("include", "max_output_tokens", "reasoning", "text", "tool_choice", "tools"),
        }
    ),
    accepted={
        "background": (False,),
        "prompt_cache_key": (ANYTHING,),
        "prompt_cache_options": (ANYTHING,),
        "prompt_cache_retention": (ANYTHING,),
        "service_tier": ("auto", "default"),
        "store": (ANYTHING,),  # true is the default of the API: nothing is kept here either way, and the answer says so
        "stream_options": (ANYTHING,),
        "truncation": ("disabled",),
    },
    refused={
        "background": "an answer is verified before it is given; ask without `background`",
        "conversation": _STATELESS,
        "context_management": _STATELESS,
        "max_tool_calls": "tools are called by the client; count there",
        "previous_response_id": _STATELESS,
        "prompt": "a template at the provider is not known to the other rungs; send its text",
        "truncation": "a prompt that is too long goes to a rung with a larger window; shorten it before",
    },
)

_CHOICES = ("auto", "none", "required")
_INCLUDED = ("message.output_text.logprobs", "reasoning.encrypted_content")


def read(body: Any, defaults: Mapping[str, Any] = EMPTY) -> Inbound:
    """Read the body of a request; arguments and errors as of `chat.read`."""
    body = object_body(body)
    params = PARAMETERS.sort(body)
    if (most := body.get("max_output_tokens")) is not None:
        params["max_tokens"] = most
    if (effort := mapping(body.get("reasoning")).get("effort")) is not None:
        params["reasoning_effort"] = effort
    text = mapping(body.get("text"))
    if (verbosity := text.get("verbosity")) is not None:
        params["verbosity"] = verbosity
    if "message.output_text.logprobs" in _included(body) or params.get("top_logprobs"):
        params["logprobs"] = True
    params |= _tools(body)
    messages = messages_of(body.get("instructions"), body.get("input"))
    schema = _schema(mapping(text.get("format")))
    tool = forced_tool(params, messages)
    if tool is not None:
        schema = schema or tool.schema
    return build_inbound(
        body,
        messages=messages,
        params=params if tool is None else without_tools(params),
        schema=schema,
        tool=None if tool is None else tool.name,
        defaults=defaults,
        principal=body.get("safety_identifier") or body.get("user"),
        echo={name: body[name] for name in _ECHOED if body.get(name) is not None},
    )


def write(result: Result[Any], inbound: Inbound, *, created: int = 0) -> dict[str, Any]:
    """Return the response that a result is; arguments and errors as of `chat.write`."""
    answer = answer_of(result, inbound)
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.finish_reason)
    return {
        **_DEFAULTS,
        **inbound.echo,
        "id": f"resp_{result.decision_id}",
        "object": "response",
        "created_at": created,
        "completed_at": created,
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": answer.model,
        "output": _output(result, answer, "completed" if reason is None else "incomplete"),
        "store": False,
        "usage": usage_of(answer.usage),
        FIELD: summary(result),
    }


def begun(inbound: Inbound, decision_id: str, model: str, created: int) -> dict[str, Any]:
    """Return a response as it begins, before anything is known of its end."""
    return {
        **_DEFAULTS,
        **inbound.echo,
        "id": f"resp_{decision_id}",
        "object": "response",
        "created_at": created,
        "completed_at": None,
        "status": "in_progress",
        "incomplete_details": None,
        "model": model,
        "output": [],
        "store": False,
        "usage": None,
    }


def chunks(result: Result[Any], inbound: Inbound, *, created: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the numbered events that a result is, as a stream sends them; arguments and errors as of `write`."""
    for number, event in enumerate(events_of(write(result, inbound, created=created))):
        yield {**event, "sequence_number": number}


def error(exception: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error."""
    return openai_error(exception)


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return usage in the form of Responses."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


_DEFAULTS: Mapping[str, Any] = {
    "error": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True, "temperature": None,
    "tool_choice": "auto", "tools": [], "top_p": None, "background": False, "max_output_tokens": None,
    "previous_response_id": None, "reasoning": {"effort": None, "summary": None}, "service_tier": "default",
    "text": {"format": {"type": "text"}}, "truncation": "disabled",
}  # fmt: skip
"""What a response says of its request, where that says nothing."""

_ECHOED = frozenset(_DEFAULTS) - {"error", "background", "previous_response_id"}


def _included(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what else the client wants to see.

    Raises:
        UnsupportedParameter: that is what only a tool of the provider could tell.
    """
    wanted = body.get("include") or ()
    for name in wanted if isinstance(wanted, list | tuple) else (wanted,):
        if name not in _INCLUDED:
            message = f"include names {name!r:.80}; one of {', '.join(sorted(_INCLUDED))} was expected."
            raise UnsupportedParameter(message, parameter="include")
    return tuple(wanted)


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return tools and the choice of them in the form of Chat Completions.

    Raises:
        UnsupportedParameter: a tool is one that the provider runs.
    """
    tools = [_tool(tool) for tool in mappings(body.get("tools"))]
    if not tools:
        return {}
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        if choice.get("type") not in ("function", "custom"):
            message = f"tool_choice has the type {choice.get('type')!r:.80}; function was expected, or a word."
            raise UnsupportedParameter(message, parameter="tool_choice")
        return {"tools": tools, "tool_choice": {"type": "function", "function": {"name": choice.get("name")}}}
    if choice is None:
        return {"tools": tools}
    if choice not in _CHOICES:
        raise DataError(f"tool_choice is {choice!r:.80}; one of {', '.join(sorted(_CHOICES))} was expected.")
    return {"tools": tools, "tool_choice": choice}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = tool.get("type")
    if kind == "custom":
        return {"type": "custom", "custom": {name: item for name, item in tool.items() if name != "type"}}
    if kind != "function":
        message = (
            f"The tool {str(kind)[:60]!r} cannot be honoured: it is run by OpenAI, so no other rung could answer; ask "
            "the original client."
        )
        raise UnsupportedParameter(message, parameter="tools")
    return {"type": "function", "function": {name: item for name, item in tool.items() if name != "type"}}


def _schema(form: Mapping[str, Any]) -> Any:
    kind = form.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if kind != "json_schema" or not isinstance(form.get("schema"), Mapping):
        raise DataError(f"text.format is {dict(form)!r:.80}; text, json_object or json_schema was expected.")
    return form["schema"]


def _output(result: Result[Any], answer: Answer, status: str) -> list[dict[str, Any]]:
    """Return the items: thinking first, then the message, then calls."""
    identity = result.decision_id
    items: list[dict[str, Any]] = []
    shown = answer.message.get("reasoning_content")
    if isinstance(shown, str) and shown:
        summary_text = [{"type": "summary_text", "text": shown}]
        items.append({"id": f"rs_{identity}", "type": "reasoning", "summary": summary_text})
    content: list[dict[str, Any]] = []
    if answer.text or not (answer.refusal or answer.tool_calls):
        logprobs = [] if answer.logprobs is None else logprob_entries(answer.logprobs)
        notes = [*mappings(answer.message.get("annotations"))]
        content.append({"type": "output_text", "text": answer.text, "annotations": notes, "logprobs": logprobs})
    if answer.refusal is not None:
        content.append({"type": "refusal", "refusal": answer.refusal})
    if content:
        head = {"id": f"msg_{identity}", "type": "message", "role": "assistant", "status": status}
        items.append({**head, "content": content})
    return items + [_call(call, f"{identity}_{place}", status) for place, call in enumerate(answer.tool_calls)]


def _call(call: Mapping[str, Any], identity: str, status: str) -> dict[str, Any]:
    own = mapping(call.get("custom"))
    if call.get("type") == "custom" and own:
        told = {"type": "custom_tool_call", "input": str(own.get("input") or ""), "name": str(own.get("name"))}
        return {"id": f"ctc_{identity}", "call_id": str(call.get("id")), **told}
    function = mapping(call.get("function"))
    return {
        "id": f"fc_{identity}", "type": "function_call", "call_id": str(call.get("id")), "status": status,
        "name": str(function.get("name")), "arguments": str(function.get("arguments") or ""),
    }  # fmt: skip
