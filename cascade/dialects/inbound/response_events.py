"""Events of Responses: a whole response as the stream that makes it; who joins the events has the response again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cascade.dialects.inbound.extension import FIELD
from cascade.dialects.inbound.server_sent_events import pieces

_ENDS = {"completed": "response.completed", "incomplete": "response.incomplete"}


def events_of(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events, which are still to be numbered."""
    begun = {name: value for name, value in response.items() if name != FIELD}
    begun |= {"status": "in_progress", "output": [], "usage": None, "completed_at": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        yield from _item(index, item)
    yield {"type": _ENDS[response["status"]], "response": dict(response)}


def _item(index: int, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    place = {"output_index": index}
    within = {"item_id": item["id"], **place}
    kind = item["type"]
    status = {"status": "in_progress"} if "status" in item else {}
    empty: dict[str, dict[str, Any]] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
    }
    yield {
        "type": "response.output_item.added",
        **place,
        "item": {**item, **status, **empty.get(kind, {"input": ""})},
    }
    if kind == "message":
        for number, part in enumerate(item["content"]):
            yield from _part({**within, "content_index": number}, part)
    elif kind == "reasoning":
        for number, part in enumerate(item["summary"]):
            yield from _summary({**within, "summary_index": number}, part)
    elif kind == "function_call":
        name = "response.function_call_arguments"
        for piece in pieces(item["arguments"]):
            yield {"type": f"{name}.delta", **within, "delta": piece}
        yield {"type": f"{name}.done", **within, "name": item["name"], "arguments": item["arguments"]}
    else:
        name = "response.custom_tool_call_input"
        for piece in pieces(item["input"]):
            yield {"type": f"{name}.delta", **within, "delta": piece}
        yield {"type": f"{name}.done", **within, "input": item["input"]}
    yield {"type": "response.output_item.done", **place, "item": dict(item)}


def _part(within: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    is_text = part["type"] == "output_text"
    field, name = ("text", "response.output_text") if is_text else ("refusal", "response.refusal")
    beside: dict[str, Any] = {"logprobs": []} if is_text else {}
    empty = {**part, field: "", **({"annotations": [], "logprobs": []} if is_text else {})}
    yield {"type": "response.content_part.added", **within, "part": empty}
    for piece in pieces(part[field]):
        yield {"type": f"{name}.delta", **within, "delta": piece, **beside}
    for number, note in enumerate(part.get("annotations", ())):
        told = {"annotation_index": number, "annotation": note}
        yield {"type": "response.output_text.annotation.added", **within, **told}
    whole = {"logprobs": part["logprobs"]} if is_text else {}
    yield {"type": f"{name}.done", **within, field: part[field], **whole}
    yield {"type": "response.content_part.done", **within, "part": dict(part)}


def _summary(within: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.reasoning_summary_part.added", **within, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield {"type": "response.reasoning_summary_text.delta", **within, "delta": piece}
    yield {"type": "response.reasoning_summary_text.done", **within, "text": part["text"]}
    yield {"type": "response.reasoning_summary_part.done", **within, "part": dict(part)}
